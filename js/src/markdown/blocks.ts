// Markdown's blocks, read line by line: which of the open ones a line goes on with, what it begins,
// and what it closes. A block that is closed is never touched again.
// What begins a block is `starts.ts`; the text in the blocks is read by `inline.ts`, when it is drawn.

import { Line } from './line.ts';
import { takeDefinitions } from './links.ts';
import { begin } from './starts.ts';
import { cellsOf } from './table.ts';
import type { Block, Container, Links, List } from './tree.ts';

export type Parent = Container | List;

/** A block that may still grow, and what its lines are told by. */
export interface Open {
  readonly block: Block;
  /** Of an item, the columns of its content; of a fence, those that its lines may be indented by. */
  readonly columns?: number;
  /** Of a code block, what opened it (nothing, where it is indented); of HTML and maths, what ends it. */
  readonly fence?: string;
  readonly end?: RegExp | undefined;
  /** Of a paragraph, its last line: asking the whole text for it each time would cost its length. */
  last?: string;
}

/** Reads a text's lines; what it has read so far is in `root`. */
export class Blocks {
  #open: Open[] = [{ block: { type: 'root', children: [] } }];
  /** Whether the line before was blank, in what can be loose. */
  #blank = false;

  /** What the paragraphs that are closed define. */
  readonly links: Links = new Map();

  get root(): Container {
    return this.#open[0]?.block as Container;
  }

  /** What is open innermost. */
  get tip(): Open {
    return this.#open.at(-1) as Open;
  }

  /** How many blocks are open, one in the other. */
  get size(): number {
    return this.#open.length;
  }

  /** A reader of its own from here on, that shares what is closed; it knows only its own links. */
  fork(): Blocks {
    const fork = new Blocks();
    fork.#blank = this.#blank;
    let parent: Parent | undefined;
    fork.#open = this.#open.map((open) => {
      const block = { ...open.block };
      if ('children' in block) block.children = [...block.children];
      if (block.type === 'table') block.rows = [...block.rows];
      parent?.children.splice(-1, 1, block);
      parent = block as Parent;
      return { ...open, block };
    });
    return fork;
  }

  /** Closes all that is open: no more lines follow. */
  finish(): void {
    this.close(1);
  }

  read(text: string): void {
    const line = new Line(text);
    let depth = 1;
    for (; depth < this.#open.length; depth++) {
      const goesOn = this.#continues(this.#open[depth] as Open, line);
      if (goesOn === 'end') {
        this.close(depth);
        this.#note(false);
        return;
      }
      if (!goesOn) break;
    }
    const lazy = depth < this.#open.length && this.tip.block.type === 'paragraph';
    let begun: boolean | 'done' = false;
    // In what is verbatim nothing begins.
    while (!isVerbatim(this.under(depth))) {
      const next = begin(this, line, depth);
      if (!next) break;
      if (next === 'done') {
        this.#note(false);
        return;
      }
      begun = next;
      depth = this.#open.length;
    }
    if (!begun && !(lazy && !line.blank)) this.close(depth);
    this.#write(line);
  }

  /** The innermost of the first `depth` open blocks. */
  under(depth: number): Block {
    return (this.#open[depth - 1] as Open).block;
  }

  /** Opens a block under the first `depth` that are open, as far as they can hold it. */
  add(depth: number, open: Open): void {
    let last = depth;
    if (!('children' in this.under(last))) last--;
    // A list holds items, and nothing else.
    if (this.under(last).type === 'list' && open.block.type !== 'item') last--;
    this.close(last);
    const parent = this.tip.block as Parent;
    this.#spread(parent);
    parent.children.push(open.block);
    this.#open.push(open);
  }

  /** Puts another block in place of the paragraph that is open. */
  replace(open: Open): void {
    this.#open.pop();
    const parent = this.tip.block as Parent;
    parent.children.pop();
    parent.children.push(open.block);
    this.#open.push(open);
  }

  /** Closes what is open from depth `from` on. */
  close(from: number): void {
    while (this.#open.length > from) {
      const { block, fence } = this.#open.pop() as Open;
      if (block.type === 'paragraph') this.#closeParagraph(block);
      else if (block.type === 'code' && !fence) block.text = withoutBlankEnd(block.text);
      else if (block.type === 'code') block.text = block.text.slice(0, -1);
    }
  }

  /** Takes the definitions off a paragraph; says whether anything is left of it. */
  define(block: Block & { type: 'paragraph' }): boolean {
    block.text = takeDefinitions(block.text, this.links);
    return /\S/.test(block.text);
  }

  #closeParagraph(block: Block & { type: 'paragraph' }): void {
    const parent = this.tip.block as Parent;
    if (!this.define(block)) parent.children.pop();
    if (parent.type !== 'item' || parent.children[0] !== block) return;
    const task = /^\[([ xX])\]\s+(?=\S)/.exec(block.text);
    if (!task) return;
    parent.done = task[1] !== ' ';
    block.text = block.text.slice(task[0].length);
  }

  #continues(open: Open, line: Line): boolean | 'end' {
    const { block, columns = 0, fence } = open;
    switch (block.type) {
      case 'list':
        return true;
      case 'item':
        if (!line.blank && line.indent < columns) return false;
        line.skip(line.blank ? line.indent : columns);
        return !line.blank || block.children.length > 0;
      case 'quote':
        if (line.indent > 3 || line.rest[0] !== '>') return false;
        line.take(1);
        line.skip(1);
        return true;
      case 'paragraph':
      case 'table':
      case 'math':
        return !line.blank;
      case 'html':
        return open.end !== undefined || !line.blank;
      case 'code': {
        if (!fence) {
          if (!line.blank && line.indent < 4) return false;
          line.skip(4);
          return true;
        }
        const { rest } = line;
        const closes = rest.startsWith(fence) && /^(?:`+|~+)[ \t]*$/.test(rest);
        if (closes && line.indent < 4) return 'end';
        line.skip(columns);
        return true;
      }
      default:
        return false;
    }
  }

  // What is left of the line goes into what is open now.
  #write(line: Line): void {
    const { block, end } = this.tip;
    if (block.type === 'paragraph') {
      this.tip.last = line.rest;
      block.text += block.text ? `\n${line.rest}` : line.rest;
    } else if (block.type === 'table') {
      block.rows.push(cellsOf(line.rest).slice(0, block.align.length));
    } else if (isVerbatim(block)) {
      (block as { text: string }).text += `${line.all}\n`;
      if (end?.test(line.rest)) this.close(this.#open.length - 1);
    } else if (!line.blank) {
      const last = line.rest;
      this.add(this.#open.length, { block: { type: 'paragraph', text: last }, last });
    }
    this.#note(line.blank);
  }

  #note(blank: boolean): void {
    const { block, fence } = this.tip;
    const quoted = block.type === 'quote' || (block.type === 'code' && fence);
    const empty = block.type === 'item' && block.children.length === 0;
    this.#blank = blank && !quoted && !empty;
  }

  // A list is loose where a blank line stands between two items or two blocks of one.
  #spread(parent: Parent): void {
    if (!this.#blank || parent.children.length === 0) return;
    const list = parent.type === 'item' ? this.#open.at(-2)?.block : parent;
    if (list?.type === 'list') list.loose = true;
  }
}

function isVerbatim({ type }: Block): boolean {
  return type === 'code' || type === 'html' || type === 'math';
}

// Lines of an indented block that are blank and come last are none of it.
function withoutBlankEnd(text: string): string {
  return text.slice(0, text.indexOf('\n', text.trimEnd().length));
}
