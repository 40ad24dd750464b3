// What begins a block: the signs at the beginning of a line, tried in order at each depth.
// Knows how a block begins; how it goes on and ends is `blocks.ts`.

import type { Blocks } from './blocks.ts';
import type { Line } from './line.ts';
import { unescaped } from './links.ts';
import { alignmentOf, cellsOf } from './table.ts';
import { type Block, DEEPEST } from './tree.ts';

const RULE = /^(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const FENCE = /^(?:`{3,}|~{3,})/;
const ITEM = /^(?:([-*+])|(\d{1,9})([.)]))(?=[ \t]|$)/;

// HTML whose block ends with a line of its own, and what that line has.
const CLOSED_HTML: [RegExp, RegExp][] = [
  [/^<(?:script|pre|style|textarea)(?:[\s>]|$)/i, /<\/(?:script|pre|style|textarea)>/i],
  [/^<!--/, /-->/],
  [/^<\?/, /\?>/],
  [/^<![a-z]/i, />/],
  [/^<!\[CDATA\[/, /\]\]>/],
];
const BLOCK_HTML =
  /^<\/?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?:\s|\/?>|$)/i;

/** A tag, whole. */
export const TAG =
  '<(?:[a-z][a-z\\d-]*(?:\\s+[a-z_:][\\w.:-]*(?:\\s*=\\s*(?:[^\\s"\'=<>`]+|\'[^\']*\'|"[^"]*"))?)*\\s*\\/?|\\/[a-z][a-z\\d-]*\\s*)>';
const ONLY_TAG = new RegExp(`^${TAG}\\s*$`, 'i');

/**
 * Begins what the rest of `line` begins under the first `depth` open blocks. Says `done` if nothing of
 * the line is left to read.
 */
export function begin(blocks: Blocks, line: Line, depth: number): boolean | 'done' {
  const { rest, indent } = line;
  const under = blocks.under(depth);
  // What may be running text still, on this line or as its lazy end.
  const running = blocks.tip.block.type === 'paragraph' || under.type === 'table';
  if (!rest) return false;
  if (indent > 3) {
    if (running) return false;
    line.skip(4);
    blocks.add(depth, { block: { type: 'code', text: '', language: '' } });
    return true;
  }
  const once = (block: Block): 'done' => {
    blocks.add(depth, { block });
    blocks.close(blocks.size - 1);
    return 'done';
  };
  if (rest[0] === '>' && depth < DEEPEST) {
    line.take(1);
    line.skip(1);
    blocks.add(depth, { block: { type: 'quote', children: [] } });
    return true;
  }
  const heading = /^#{1,6}(?=[ \t]|$)/.exec(rest);
  if (heading) return once({ type: 'heading', level: heading[0].length, text: titleOf(rest) });
  const fence = FENCE.exec(rest)?.[0];
  if (fence && (fence[0] === '~' || !rest.includes('`', fence.length))) {
    const language = unescaped(rest.slice(fence.length).trim());
    blocks.add(depth, { block: { type: 'code', text: '', language }, columns: indent, fence });
    return 'done';
  }
  if (rest[0] === '<') {
    const closed = CLOSED_HTML.find(([start]) => start.test(rest));
    if (closed || BLOCK_HTML.test(rest) || (!running && ONLY_TAG.test(rest))) {
      blocks.add(depth, { block: { type: 'html', text: '' }, end: closed?.[1] });
      return true;
    }
  }
  if (under.type === 'paragraph') {
    if (/^(?:=+|-+)[ \t]*$/.test(rest) && blocks.define(under)) {
      const level = rest[0] === '=' ? 1 : 2;
      blocks.replace({ block: { type: 'heading', level, text: under.text.trimEnd() } });
      blocks.close(blocks.size - 1);
      return 'done';
    }
    // The last line of the paragraph is the head of the table.
    const head = blocks.tip.last ?? '';
    const align = alignmentOf(rest, head);
    if (align) {
      under.text = under.text.slice(0, under.text.length - head.length);
      blocks.add(depth, { block: { type: 'table', align, rows: [cellsOf(head)] } });
      return 'done';
    }
  }
  if (RULE.test(rest)) return once({ type: 'rule' });
  if (depth < DEEPEST && beginItem(blocks, line, depth)) return true;
  return beginMath(blocks, rest, depth);
}

function beginItem(blocks: Blocks, line: Line, depth: number): boolean {
  const { rest, indent } = line;
  const match = ITEM.exec(rest);
  if (!match) return false;
  const [sign, bullet, number, after] = match;
  const start = bullet ? null : Number(number);
  const empty = !rest.slice(sign.length).trim();
  const under = blocks.under(depth);
  // In running text a number, or a dash that nothing follows, is more likely no list.
  if (under.type === 'paragraph' && (empty || (start !== null && start !== 1))) return false;
  line.take(sign.length);
  const space = line.indent;
  // Content is as far in as it begins; five columns are one, and code that is indented by four.
  const gap = empty || space > 4 ? 1 : space;
  line.skip(gap);
  const mark = (bullet ?? after) as string;
  if (under.type !== 'list' || under.mark !== mark) {
    blocks.add(depth, { block: { type: 'list', mark, start, loose: false, children: [] } });
  } else {
    blocks.close(depth);
  }
  const columns = indent + sign.length + gap;
  blocks.add(blocks.size, { block: { type: 'item', children: [] }, columns });
  return true;
}

// Maths on lines of its own, as TeX has it: without blank lines, so that a stray sign costs little.
function beginMath(blocks: Blocks, rest: string, depth: number): boolean | 'done' {
  const text = rest.trimEnd();
  const close = text.startsWith('$$') ? '$$' : text.startsWith('\\[') ? '\\]' : '';
  if (!close) return false;
  const whole = text.indexOf(close, 2) === text.length - 2 && text.length > 4;
  if (!whole && text.length > 2) return false;
  blocks.add(depth, {
    block: { type: 'math', text: `${text}\n` },
    end: close === '$$' ? /\$\$\s*$/ : /\\\]\s*$/,
  });
  if (whole) blocks.close(blocks.size - 1);
  return 'done';
}

// What a heading says, without the signs that may close it.
function titleOf(line: string): string {
  const text = line.replace(/^#+/, '').trim();
  let end = text.length;
  while (text[end - 1] === '#') end--;
  const closed = end === 0 || text[end - 1] === ' ' || text[end - 1] === '\t';
  return closed ? text.slice(0, end).trim() : text;
}
