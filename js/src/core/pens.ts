// Which pen each block of a growing text begins with, so that its end can be painted in the right
// colours without reading all of it again. Knows blocks and pens; not who paints.

import { FRESH, type Pen, penAfter } from './ansi.ts';

export class Pens {
  #blocks: string[] = [];
  #pens: Pen[] = [FRESH];

  /** The pen at the beginning of block `at`. */
  before(blocks: readonly string[], at: number): Pen {
    // What was read last may have grown or have been replaced since, and so may all before it.
    let known = 0;
    while (known < at && known < this.#blocks.length && this.#blocks[known] === blocks[known])
      known++;
    for (; known < at; known++) {
      const block = blocks[known] ?? '';
      this.#blocks.splice(known, this.#blocks.length, block);
      this.#pens[known + 1] = penAfter(block, this.#pens[known] ?? FRESH);
    }
    return this.#pens[at] ?? FRESH;
  }

  /** The pen after the first `length` characters. */
  after(blocks: readonly string[], length: number): Pen {
    let at = 0;
    let left = length;
    for (let block = blocks[at]; block !== undefined && left >= block.length; block = blocks[at]) {
      left -= block.length;
      at++;
    }
    const pen = this.before(blocks, at);
    return left > 0 ? penAfter((blocks[at] ?? '').slice(0, left), pen) : pen;
  }
}
