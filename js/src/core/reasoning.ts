// The headline of a piece of reasoning. The CLI writes summaries as sections that begin with a line
// in bold; the last of them says what the agent is at.

export interface Reasoning {
  headline: string;
  /** The whole text in markdown; empty if the headline says all of it. */
  body: string;
}

const HEADLINE = /^\*\*(.+?)\*\*[ \t]*(.*)$/gm;

export function readReasoning(text: string): Reasoning {
  const whole = text.trim();
  const last = [...whole.matchAll(HEADLINE)].at(-1);
  if (!last) {
    const [first = '', ...rest] = whole.split('\n');
    return { headline: plain(first), body: rest.length > 0 ? whole : '' };
  }
  const [line, bold = '', tail = ''] = last;
  const headline = plain(tail ? `${bold} ${tail}` : bold);
  return { headline, body: line === whole ? '' : whole };
}

function plain(line: string): string {
  return line.replace(/\*\*|`/g, '').trim();
}
