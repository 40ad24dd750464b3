// What a text is made of once its signs are read: pieces in a row, and the tree that they make.
// Knows which spans begin and end at a piece; which signs say so is `inline.ts` and `emphasis.ts`.

import { DEEPEST, type Inline, type Span } from './tree.ts';

/** Signs in a text that may begin or end spans. */
export interface Mark {
  type: 'mark';
  /** The signs that are left: those that turn out to be text. */
  text: string;
  /** How many spans end before the text that is left. */
  closes: number;
  /** Which spans begin after it, innermost first. */
  opens: Span[];
}

export type Piece = Inline | Mark;

/** The pieces as a tree. Spans that are too deep are left out: what they hold stays. */
export function build(pieces: readonly Piece[]): Inline[] {
  const root: Inline[] = [];
  const stack = [root];
  // How deep the link is that is open; none is in another.
  let linked = 0;
  for (const piece of pieces) {
    let top = stack.at(-1) as Inline[];
    if (typeof piece === 'string' || piece.type !== 'mark') {
      const nested = linked > 0 && typeof piece !== 'string' && piece.type === 'link';
      add(top, nested ? (piece.children[0] as string) : piece);
      continue;
    }
    stack.length -= piece.closes;
    if (stack.length < linked) linked = 0;
    top = stack.at(-1) as Inline[];
    add(top, piece.text);
    for (const span of piece.opens.reverse()) {
      if (stack.length < DEEPEST) {
        top.push(span);
        top = span.children;
      }
      stack.push(top);
      if (span.type === 'link') linked = stack.length;
    }
  }
  return root;
}

function add(inlines: Inline[], inline: Inline): void {
  const last = inlines.length - 1;
  if (typeof inline === 'string' && typeof inlines[last] === 'string') inlines[last] += inline;
  else if (inline !== '') inlines.push(inline);
}
