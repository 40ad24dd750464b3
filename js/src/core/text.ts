// Text that grows, kept in blocks so that neither appending nor showing its end costs its length.
// A value: `append` returns a new text and shares the old blocks. Knows nothing of who shows it.

import type { LongText } from './types.ts';

// Large enough that a megabyte is some sixty blocks, small enough to lay out within one frame.
const BLOCK = 16_384;

export interface Tail {
  text: string;
  /** How much lies before it. */
  hiddenLength: number;
}

export class Text {
  static readonly empty = new Text([], 0, 0);

  private constructor(
    readonly blocks: readonly string[],
    readonly length: number,
    private readonly newlines: number,
  ) {}

  static of(value: LongText): Text {
    return value instanceof Text ? value : Text.empty.append(value);
  }

  append(more: string): Text {
    if (!more) return this;
    const blocks = this.blocks.slice();
    let rest = (blocks.pop() ?? '') + more;
    while (rest.length > BLOCK) {
      const cut = placeToCut(rest);
      blocks.push(rest.slice(0, cut));
      rest = rest.slice(cut);
    }
    blocks.push(rest);
    return new Text(blocks, this.length + more.length, this.newlines + countNewlines(more));
  }

  /** How many lines it has; a newline at the end does not begin another. */
  get lines(): number {
    const open = this.length > 0 && !this.blocks.at(-1)?.endsWith('\n');
    return this.newlines + (open ? 1 : 0);
  }

  /** The end of the text, from the beginning of a line where there is one. */
  tail(maxLines: number, maxLength: number): Tail {
    let text = '';
    for (let i = this.blocks.length - 1; i >= 0 && text.length <= maxLength; i--) {
      text = this.blocks[i] + text;
    }
    if (text.length > maxLength) {
      text = text.slice(-maxLength);
      text = text.slice(text.indexOf('\n') + 1) || text;
    }
    text = lastLines(text, maxLines);
    return { text, hiddenLength: this.length - text.length };
  }

  toString(): string {
    return this.blocks.join('');
  }
}

function placeToCut(text: string): number {
  const line = text.lastIndexOf('\n', BLOCK - 1) + 1;
  if (line > BLOCK / 2) return line;
  const last = text.charCodeAt(BLOCK - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return splitsPair ? BLOCK - 1 : BLOCK;
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function lastLines(text: string, count: number): string {
  let at = text.endsWith('\n') ? text.length - 1 : text.length;
  for (let line = 0; line < count; line++) {
    at = text.lastIndexOf('\n', at - 1);
    if (at < 0) return text;
    if (at === 0) return line + 1 < count ? text : text.slice(1);
  }
  return text.slice(at + 1);
}
