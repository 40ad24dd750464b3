// Markdown that grows: however it arrives, it ends as if it had come at once, at the cost of its end.

import { describe, expect, it, vi } from 'vitest';
import { Blocks } from '../src/markdown/blocks.ts';
import { Growth } from '../src/markdown/growth.ts';
import { Line } from '../src/markdown/line.ts';
import { composed, randomOf } from './compose.ts';
import { MATHS, MESSAGES } from './messages.ts';
import { formOf, ours } from './oracle.ts';

const ALL = MESSAGES.concat(MATHS).join('\n\n');

/** What is read in the end, after as many readings as `cuts` says; each is compared on the way. */
function grown(source: string, next: () => number): void {
  const growth = new Growth();
  for (let end = next(); end < source.length; end += next()) {
    const cut = source.slice(0, end);
    // Whether a carriage return ends the line or begins its end, only what follows tells.
    if (!cut.endsWith('\r')) expect(formOf(growth.read(cut, true))).toEqual(ours(cut));
  }
  expect(formOf(growth.read(source, true))).toEqual(ours(source));
}

describe('comes out the same', () => {
  it.each([1, 2, 3, 7])('in pieces of %i characters', (step) => {
    for (const message of MESSAGES.concat(MATHS)) grown(message, () => step);
  });

  it('in pieces of any length', () => {
    const random = randomOf(5);
    for (let i = 0; i < 300; i++) grown(composed(random), () => 1 + Math.floor(random() * 30));
    grown(ALL, () => 1 + Math.floor(random() * 500));
  });
});

it('keeps the blocks that did not change, so that they are not drawn again', () => {
  const growth = new Growth();
  const before = growth.read('One.\n\n- a\n\n- b\n\nTwo.\n\nThr', false);
  const after = growth.read('One.\n\n- a\n\n- b\n\nTwo.\n\nThree.', false);
  expect(after.blocks).toHaveLength(4);
  for (let at = 0; at < 3; at++) expect(after.blocks[at]).toBe(before.blocks[at]);
  const complete = growth.read('One.\n\n- a\n\n- b\n\nTwo.\n\nThree.', true);
  expect(complete.blocks[2]).toBe(before.blocks[2]);
  expect(complete.links).toBe(before.links);
});

it('keeps the items of a list that grows', () => {
  const growth = new Growth();
  const items = (text: string) => {
    const [list] = growth.read(text, false).blocks;
    return list?.type === 'list' ? list.children : [];
  };
  const before = items('- a\n  - b\n\n- c\n- d');
  const after = items('- a\n  - b\n\n- c\n- d and more\n- e');
  expect(after.length).toBe(before.length + 1);
  expect(after[0]).toBe(before[0]);
});

it('never changes a block that it has given', () => {
  const growth = new Growth();
  const given: [unknown, string][] = [];
  for (let end = 1; end < ALL.length; end += 13) {
    const { blocks } = growth.read(ALL.slice(0, end), false);
    for (const block of blocks.slice(-2)) given.push([block, JSON.stringify(block)]);
  }
  for (const [block, then] of given) expect(JSON.stringify(block)).toBe(then);
});

it('starts anew when the text is another one', () => {
  const growth = new Growth();
  growth.read('One.\n\nTwo.', false);
  expect(growth.read('Other.', false).blocks).toEqual([{ type: 'paragraph', text: 'Other.' }]);
});

it('finds links that are defined later, once the text is complete', () => {
  const growth = new Growth();
  const source = 'See [it].\n\n[it]: https://example.org\n';
  expect(growth.read(source, false).links.size).toBe(0);
  expect(formOf(growth.read(source, true))).toEqual([
    ['p', 'See ', ['link', 'https://example.org', 'it'], '.'],
  ]);
});

it('reads every line once, and the one that grows as often as it does', () => {
  const read = vi.spyOn(Blocks.prototype, 'read');
  const growth = new Growth();
  const line = 'Some words that go on for a while.\n';
  let source = line.repeat(3_000);
  growth.read(source, false);
  expect(read).toHaveBeenCalledTimes(3_000);
  for (let i = 0; i < 200; i++) {
    source += i % 10 ? 'word ' : '\n\n- item ';
    growth.read(source, false);
  }
  // Of the 200 readings, 200 of the last line, and 40 of the lines that were ended.
  expect(read).toHaveBeenCalledTimes(3_000 + 200 + 40);
});

it('looks at no more of a line than its depth asks for', () => {
  const take = vi.spyOn(Line.prototype, 'take');
  new Growth().read('> '.repeat(20_000), true);
  expect(take.mock.calls.length).toBeLessThan(40);
});
