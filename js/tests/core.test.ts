// The small pure parts: what text, numbers, diffs and JSON look like, and what stands open.

import { describe, expect, it } from 'vitest';
import { parseDiff } from '../src/core/diff.ts';
import { decodeEntities } from '../src/core/entities.ts';
import { diffOpensByItself, opensByItself, toneOf } from '../src/core/folding.ts';
import { count, duration, size, tokens } from '../src/core/format.ts';
import { indentJson } from '../src/core/json.ts';
import { plainTerminal, visible } from '../src/core/plain.ts';
import { readReasoning } from '../src/core/reasoning.ts';

describe('terminal text', () => {
  it.each([
    ['\x1b[1;31mred\x1b[0m', 'red'],
    ['\x1b]8;;http://evil\x07link\x1b]8;;\x07', 'link'],
    ['\x1b]0;title\x1b\\after', 'after'],
    ['\x1b]52;c;never ends\nnext line', '\nnext line'],
    ['\x9b31mred', 'red'],
    ['a\x1b(Bb\x1bMc', 'abc'],
    ['10%\r50%\r100%\ndone', '100%\ndone'],
    ['50%\r\r', '50%'],
    ['\r\r', ''],
    ['dos\r\nline', 'dos\nline'],
    ['a\x00\x07\x08b\tc', 'ab\tc'],
    ['cut \x1b[3', 'cut '],
  ])('%j reads as %j', (raw, shown) => {
    expect(plainTerminal(raw)).toBe(shown);
  });

  it('shows what would turn the line instead of obeying it', () => {
    expect(visible('a\u202eb\u2066c')).toBe('a⟨U+202E⟩b⟨U+2066⟩c');
  });

  it('takes time in proportion to its length', () => {
    const began = performance.now();
    plainTerminal('\x1b]'.repeat(100_000));
    plainTerminal('\x1b['.repeat(100_000));
    plainTerminal('\r'.repeat(200_000));
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

it('durations are short and exact where they can be', () => {
  expect([0, 0.44, 9.9, 12.4, 65, 3600 * 2 + 180].map((s) => duration(s))).toEqual([
    '0.0s',
    '0.4s',
    '9.9s',
    '12s',
    '1m 05s',
    '2h 03m',
  ]);
  expect([-1, 0.9, 9.99, 59.9, 60].map((s) => duration(s, false))).toEqual([
    '0s',
    '0s',
    '9s',
    '59s',
    '1m 00s',
  ]);
});

it('counts are short', () => {
  expect([0, 999, 1000, 12_345, 128_345, 999_949, 1_250_000].map(tokens)).toEqual([
    '0',
    '999',
    '1.0k',
    '12.3k',
    '128k',
    '1000k',
    '1.3M',
  ]);
  expect([12, 16_384, 1_234_567].map(size)).toEqual(['12 B', '16 kB', '1.2 MB']);
  expect([count(1, 'line'), count(1204, 'line')]).toEqual(['1 line', '1,204 lines']);
});

describe('a diff', () => {
  it('has the numbers of its lines in both files', () => {
    const rows = parseDiff('@@ -3,2 +3,3 @@ def f\n a\n-b\n+c\n+d\n\\ No newline at end of file\n');
    expect(rows.map(({ kind, before, after, text }) => [kind, before, after, text])).toEqual([
      ['hunk', null, null, '@@ -3,2 +3,3 @@ def f'],
      ['same', 3, 3, 'a'],
      ['remove', 4, null, 'b'],
      ['add', null, 4, 'c'],
      ['add', null, 5, 'd'],
      ['note', null, null, 'No newline at end of file'],
    ]);
  });

  it('without hunks still comes out', () => {
    expect(parseDiff('+a\n+b').map((row) => row.after)).toEqual([1, 2]);
    expect(parseDiff('')).toEqual([]);
  });
});

it('JSON is laid out without touching what it says', () => {
  expect(indentJson('{"a":[1.0,{"b":"x,[\\"y"}],"c":[],"d":{},"n":12345678901234567890}')).toBe(
    '{\n  "a": [\n    1.0,\n    {\n      "b": "x,[\\"y"\n    }\n  ],\n  "c": [],\n  "d": {},\n  "n": 12345678901234567890\n}',
  );
  expect(['plain words', '[not json', '"text"'].map(indentJson)).toEqual([null, null, null]);
});

it('reasoning has a headline, and a body where there is more', () => {
  expect(readReasoning('**Thinking** about it')).toEqual({
    headline: 'Thinking about it',
    body: '',
  });
  expect(readReasoning('**One**\n\ntext\n\n**Two**\n\nmore')).toEqual({
    headline: 'Two',
    body: '**One**\n\ntext\n\n**Two**\n\nmore',
  });
  expect(readReasoning('no headline\nat all')).toEqual({
    headline: 'no headline',
    body: 'no headline\nat all',
  });
  expect(readReasoning('')).toEqual({ headline: '', body: '' });
});

it('character references are read, and unknown ones left', () => {
  expect(decodeEntities('a &amp; &lt;b&gt; &#8594; &#x2192; &bogus; &#0; &#xd800;')).toBe(
    'a & <b> → → &bogus; \ufffd \ufffd',
  );
});

describe('by itself', () => {
  it('a card stands open while it runs and when it failed', () => {
    const open = (status: string, over: boolean) => opensByItself(toneOf({ status }, over));
    expect(open('in_progress', false)).toBe(true);
    expect(open('failed', true)).toBe(true);
    expect([open('completed', true), open('declined', true), open('in_progress', true)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('a diff stands open where it is small and one of few', () => {
    const kept = { path: 'p', moved_to: null, change: 'update', note: null };
    const change = { ...kept, diff: '', added: 20, removed: 4 };
    expect(diffOpensByItself(change, 1)).toBe(true);
    expect(diffOpensByItself({ ...change, added: 21 }, 1)).toBe(false);
    expect(diffOpensByItself(change, 4)).toBe(false);
  });
});
