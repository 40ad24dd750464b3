// Changed lines: which words changed, which line took which other's place, and at what cost.

import { describe, expect, it } from 'vitest';
import { parseDiff, sideBySide } from '../src/core/diff.ts';
import { changedWords, type Segment } from '../src/core/words.ts';

const marked = (segments: Segment[] | undefined) =>
  segments?.map(({ text, changed }) => (changed ? `[${text}]` : text)).join('');
const both = (before: string, after: string) => changedWords(before, after)?.map(marked);

describe('the words of a changed line', () => {
  it('that changed are marked on both sides', () => {
    expect(both('total = price * tax', 'total = price * (1 + tax)')).toEqual([
      'total = price * tax',
      'total = price * [(1 + ]tax[)]',
    ]);
    expect(both("name = 'old one'", "name = 'new two'")).toEqual([
      "name = '[old one]'",
      "name = '[new two]'",
    ]);
    expect(both('größe = 1', 'größe = 2')).toEqual(['größe = [1]', 'größe = [2]']);
  });

  it('together are the line, whatever it is', () => {
    const lines = ['', ' ', 'a b c', 'x = f(a, b)', '\tif (y) {', 'x = g(a,  c)', '日本 語 🙂'];
    for (const a of lines) {
      for (const b of lines) {
        const found = changedWords(a, b);
        if (!found) continue;
        expect(found.map((segments) => segments.map((s) => s.text).join(''))).toEqual([a, b]);
      }
    }
  });

  it('are not picked out of another line, nor out of one too long to read', () => {
    expect(changedWords('import csv', 'return total')).toBeNull();
    const long = (word: string) => `${word} `.repeat(2_000);
    const start = performance.now();
    expect(changedWords(long('a'), long('b'))).toBeNull();
    expect(performance.now() - start).toBeLessThan(200);
  });
});

describe('side by side', () => {
  const rows = parseDiff('@@ -1,4 +1,4 @@\n a\n-b\n-c\n+B\n d\n+e\n\\ No newline at end of file');
  const shown = sideBySide(rows).map((pair) => pair.map((row) => row?.text ?? null));

  it('has old and new lines next to each other, and gaps where there is no other', () => {
    expect(shown).toEqual([
      ['@@ -1,4 +1,4 @@', '@@ -1,4 +1,4 @@'],
      ['a', 'a'],
      ['b', 'B'],
      ['c', null],
      ['d', 'd'],
      [null, 'e'],
      ['No newline at end of file', 'No newline at end of file'],
    ]);
  });

  it('a line knows the one that took its place', () => {
    const of = (text: string) => rows.find((row) => row.text === text)?.other?.text;
    expect([of('b'), of('B'), of('c'), of('a')]).toEqual(['B', 'b', undefined, undefined]);
  });
});
