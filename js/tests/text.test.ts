// Text that grows: the same as a string, at the cost of its end.

import { describe, expect, it } from 'vitest';
import { Text } from '../src/core/text.ts';

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('');

describe('a text', () => {
  it('is what was appended, in blocks of bounded length', () => {
    let text = Text.empty;
    let whole = '';
    for (let i = 0; i < 400; i++) {
      const piece = i % 7 === 0 ? 'x'.repeat(3000) : lines(i, i + 20);
      text = text.append(piece);
      whole += piece;
    }
    expect(String(text)).toBe(whole);
    expect(text.length).toBe(whole.length);
    expect(Math.max(...text.blocks.map((block) => block.length))).toBeLessThanOrEqual(16_384);
    expect(String(Text.of(whole))).toBe(whole);
  });

  it('never changes: an older one stays what it was', () => {
    const before = Text.of('a');
    before.append('b');
    expect(String(before)).toBe('a');
    expect(before.append('')).toBe(before);
    expect(Text.of(before)).toBe(before);
  });

  it('counts lines as an editor does', () => {
    expect([Text.empty, Text.of('a'), Text.of('a\n'), Text.of('a\nb')].map((t) => t.lines)).toEqual(
      [0, 1, 1, 2],
    );
  });

  it('does not cut a character in two', () => {
    const text = Text.of('x'.repeat(16_383) + '😀'.repeat(10));
    expect(text.blocks.every((block) => !/^[\udc00-\udfff]/.test(block))).toBe(true);
  });
});

describe('the end of a text', () => {
  it('is all of a short one', () => {
    expect(Text.of('a\nb\n').tail(2, 100)).toEqual({
      text: 'a\nb\n',
      hiddenLength: 0,
    });
    expect(Text.empty.tail(2, 100).text).toBe('');
  });

  it('has at most so many lines, and knows what lies before', () => {
    const tail = Text.of(lines(0, 5000)).tail(3, 16_384);
    expect(tail).toEqual({ text: lines(4997, 5000), hiddenLength: lines(0, 4997).length });
    expect(Text.of('\n\na\nb').tail(3, 100).text).toBe('\na\nb');
    expect(Text.of('\na').tail(1, 100).text).toBe('a');
  });

  it('has at most so many characters, from the beginning of a line', () => {
    const tail = Text.of(lines(0, 5000)).tail(10_000, 1000);
    expect(tail.text.length).toBeLessThanOrEqual(1000);
    expect(tail.text).toMatch(/^line \d+\n/);
    expect(tail.hiddenLength + tail.text.length).toBe(lines(0, 5000).length);
  });

  it('is a part of the line where there is only one', () => {
    expect(Text.of('x'.repeat(50_000)).tail(200, 1000).text).toBe('x'.repeat(1000));
  });
});
