// Text shown to somebody who decides about it: nothing in it may act, and nothing may be hidden.
// `plain.ts` shows what a terminal would leave; here a carriage return or an escape is itself shown.

// Controls but tab and newline, what is invisible, and what makes a line read otherwise than it runs.
const UNSEEN = /(?![\t\n])(?:\p{C}|[\u2028\u2029\u115f\u1160\u3164\uffa0]|\u034f)/gu;

/** `text` with everything visible: what cannot be seen is written out as `⟨U+200B⟩`. */
export function exact(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(UNSEEN, (c) => {
    const code = c.codePointAt(0)?.toString(16).toUpperCase() ?? '';
    return `⟨U+${code.padStart(4, '0')}⟩`;
  });
}
