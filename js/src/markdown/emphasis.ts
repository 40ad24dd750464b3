// Which runs of `*`, `_` and `~` are emphasis, and which of them belong together, by CommonMark's
// rules for delimiter runs. Each run looks back only at what no run of its kind has looked at in vain.

import type { Mark } from './spans.ts';

/** A run of one sign. */
export interface Run extends Mark {
  readonly length: number;
  readonly canOpen: boolean;
  readonly canClose: boolean;
}

const SPACE = /^\s|^$/;
const PUNCTUATION = /^[\p{P}\p{S}]/u;

/** The run of signs between the text before and after it. */
export function runOf(text: string, before: string, after: string): Run {
  const sign = text[0];
  const [leftSpace, rightSpace] = [SPACE.test(before), SPACE.test(after)];
  const [leftSign, rightSign] = [PUNCTUATION.test(before), PUNCTUATION.test(after)];
  const left = !rightSpace && (!rightSign || leftSpace || leftSign);
  const right = !leftSpace && (!leftSign || rightSpace || rightSign);
  const fits = sign !== '~' || text.length < 3;
  return {
    type: 'mark',
    text,
    closes: 0,
    opens: [],
    length: text.length,
    canOpen: fits && left && (sign !== '_' || !right || leftSign),
    canClose: fits && right && (sign !== '_' || !left || rightSign),
  };
}

/** Joins the runs from number `first` on into spans, and takes them off. */
export function pair(runs: Run[], first: number): void {
  const openers: { run: Run; at: number }[] = [];
  const bottoms: Record<string, number> = {};
  runs.splice(first).forEach((closer, at) => {
    const sign = closer.text[0] as string;
    const key = sign + (sign === '~' ? closer.length : `${closer.canOpen}${closer.length % 3}`);
    while (closer.canClose && closer.text) {
      let i = openers.length - 1;
      const bottom = bottoms[key] ?? 0;
      while (
        i >= 0 &&
        (openers[i] as { at: number }).at >= bottom &&
        !belong(openers[i]?.run as Run, closer)
      )
        i--;
      const opener = openers[i];
      if (!opener || opener.at < bottom) {
        bottoms[key] = at;
        break;
      }
      openers.length = opener.run.text.length > width(opener.run, closer) ? i + 1 : i;
      join(opener.run, closer);
    }
    if (closer.canOpen && closer.text) openers.push({ run: closer, at });
  });
}

function belong(opener: Run, closer: Run): boolean {
  if (opener.text[0] !== closer.text[0]) return false;
  if (closer.text[0] === '~') return opener.length === closer.length;
  const both = opener.canClose || closer.canOpen;
  return !both || (opener.length + closer.length) % 3 !== 0 || closer.length % 3 === 0;
}

function width(opener: Run, closer: Run): number {
  return opener.text.length > 1 && closer.text.length > 1 ? 2 : 1;
}

function join(opener: Run, closer: Run): void {
  const taken = width(opener, closer);
  const type = opener.text[0] === '~' ? 'del' : taken > 1 ? 'strong' : 'em';
  opener.opens.push({ type, children: [] });
  opener.text = opener.text.slice(taken);
  closer.text = closer.text.slice(taken);
  closer.closes++;
}
