// Markdown read while it grows. Whole lines are read once; the line that is still growing, and what
// is open, are read in a copy. So more text costs what it adds, and a closed block stays the same object.

import { Blocks } from './blocks.ts';
import type { Block, Links } from './tree.ts';

export interface Reading {
  readonly blocks: readonly Block[];
  /** Another object only once the text is complete and defines any: then all is to be drawn again. */
  readonly links: Links;
}

/** One text. What it reads depends on the text alone; that it is the last one grown only saves work. */
export class Growth {
  #blocks = new Blocks();
  /** The lines that are read. */
  #lines = '';

  read(text: string, complete: boolean): Reading {
    if (!text.startsWith(this.#lines)) {
      this.#blocks = new Blocks();
      this.#lines = '';
    }
    const rest = text.slice(this.#lines.length).split(/\r\n|\n|\r(?=[\s\S])/);
    const last = rest.pop() as string;
    for (const line of rest) this.#blocks.read(line);
    this.#lines = text.slice(0, text.length - last.length);
    const tail = this.#blocks.fork();
    if (last) tail.read(last.replace(/\r$/, ''));
    tail.finish();
    const { links } = this.#blocks;
    const defined = complete && links.size + tail.links.size > 0;
    return {
      blocks: tail.root.children,
      links: defined ? new Map([...tail.links, ...links]) : links,
    };
  }
}
