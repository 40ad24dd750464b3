// Colours of a terminal: what is obeyed, what is only consumed, and that no text becomes a style.

import { describe, expect, it } from 'vitest';
import { css, FRESH, paint, penAfter, type Run } from '../src/core/ansi.ts';
import { Pens } from '../src/core/pens.ts';
import { plainTerminal } from '../src/core/plain.ts';
import { Text } from '../src/core/text.ts';

const E = '\x1b';
const texts = (runs: Run[]) => runs.map((run) => run.text);
const joined = (runs: Run[]) => texts(runs).join('');
const styles = (text: string) => paint(text).map((run) => css(run.style));

/** Random text out of the pieces that terminals, and those who attack them, are made of. */
function* noise(count: number): Generator<string> {
  const pieces = [
    ...['a', 'word', ' ', '\n', '\r', '\r\n', '\t', '\0', '\x07', '\x08', '\x7f', '\x85', '\u202e'],
    ...[`${E}[31m`, `${E}[0m`, `${E}[m`, `${E}[1;4:3;38;2;1;2;300m`, `${E}[48;5;999m`, `${E}[2K`],
    ...[E, `${E}[`, `${E}[38;5`, `${E}]0;title\x07`, `${E}]8;;http://x${E}\\`, `${E}Pq`, '\x9b32m'],
    ...['é', '漢', '🙂', `${E}(B`, `${E}[?25l`, '50%'],
  ];
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  for (let i = 0; i < count; i++) {
    yield Array.from({ length: random(30) }, () => pieces[random(pieces.length)]).join('');
  }
}

describe('painting', () => {
  it('leaves the same text as dropping the escapes does', () => {
    for (const text of noise(3_000)) {
      expect(joined(paint(text)), JSON.stringify(text)).toBe(plainTerminal(text));
    }
  });

  it('knows sixteen colours by the theme’s names, for ink', () => {
    expect(styles(`${E}[31ma${E}[92mb${E}[90mc${E}[39md`)).toEqual([
      { color: 'var(--cdx-red)' },
      { color: 'var(--cdx-green)' },
      { color: 'var(--cdx-quiet)' },
      null,
    ]);
  });

  it('reads 256 colours and true ones, with semicolons and with colons', () => {
    const orange = styles(`${E}[38;5;208ma`);
    expect(orange).toEqual([{ color: expect.stringContaining('rgb(255 135 0)') }]);
    for (const form of ['38;2;1;2;3', '38:2:1:2:3', '38:2::1:2:3', '4:0;38;2;1;2;3']) {
      expect(styles(`${E}[${form}ma`)[0]?.color, form).toMatch(
        /rgb\(1 2 3\) \d+%, var\(--cdx-text\)/,
      );
    }
    expect(styles(`${E}[38;5;9ma`)).toEqual([{ color: 'var(--cdx-red)' }]);
    expect(styles(`${E}[38;5;255ma`)[0]?.color).toContain('rgb(238 238 238)');
  });

  it('knows bold, dim, italic, underlined, struck and inverse, and how each ends', () => {
    const [all, ended] = styles(`${E}[1;2;3;4;9ma${E}[22;23;24;29mb`);
    expect(all).toEqual({
      fontWeight: 600,
      opacity: 0.75,
      fontStyle: 'italic',
      textDecoration: 'underline line-through',
    });
    expect(ended).toBeNull();
    expect(styles(`${E}[7;31ma`)[0]?.backgroundColor).toBe('rgb(190 50 45)');
    expect(styles(`${E}[7ma`)[0]).toHaveProperty('backgroundColor');
  });

  it('never hides text in the colour that it lies on', () => {
    for (const hidden of ['37;47', '30;40', '38;2;9;9;9;48;2;8;8;8', '93;103', '7;31;41']) {
      const [style] = styles(`${E}[${hidden}mseen`);
      expect(style?.color, hidden).not.toBe(style?.backgroundColor);
      expect(style?.color, hidden).toMatch(/^rgb\((0 0 0|255 255 255)\)$/);
    }
  });

  it('makes styles of numbers only, and no more than 255', () => {
    const hostile = [
      `${E}[38;2;url(x);2;3m`,
      `${E}[38;2;999;-1;1e9ma`,
      `${E}[48;5;99999ma`,
      `${E}[;;;ma`,
    ];
    for (const text of hostile) {
      for (const style of styles(text)) {
        expect(JSON.stringify(style ?? {}), text).not.toMatch(/NaN|url|\d{4}|undefined/);
      }
    }
  });

  it('writes over a line that a carriage return went back on, whatever its colours', () => {
    const runs = paint(`keep\n${E}[31m10%${E}[0m of it\r${E}[32m99%${E}[0m\n`);
    expect(joined(runs)).toBe('keep\n99%\n');
  });
});

describe('a pen', () => {
  it('goes on where the text before it ended, even within an escape', () => {
    for (const text of noise(1_000)) {
      const at = text.length >> 1;
      const pen = penAfter(text.slice(0, at), FRESH);
      const whole = penAfter(text, FRESH);
      expect(penAfter(text.slice(at), pen), JSON.stringify(text)).toEqual(whole);
    }
    const pen = penAfter(`so far ${E}[3`, FRESH);
    expect(texts(paint('1mred', pen))).toEqual(['red']);
    expect(css(paint('1mred', pen)[0]?.style ?? pen.style)).toEqual({ color: 'var(--cdx-red)' });
  });

  it('is known for each block of a growing text, and for its end', () => {
    const pens = new Pens();
    let text = Text.of(`${E}[32m`);
    for (let i = 0; i < 40; i++) {
      text = text.append(`line ${i} ${E}[${31 + (i % 6)}m\n`.repeat(200));
      const at = text.blocks.length - 1;
      expect(pens.before(text.blocks, at)).toEqual(
        penAfter(text.blocks.slice(0, at).join(''), FRESH),
      );
      const hidden = text.tail(200, 16_384).hiddenLength;
      expect(pens.after(text.blocks, hidden)).toEqual(
        penAfter(String(text).slice(0, hidden), FRESH),
      );
    }
    expect(pens.before(text.blocks, 3)).toBe(pens.before(text.blocks, 3));
    const other = Text.of(`${E}[35mother\n`.repeat(5_000));
    expect(pens.before(other.blocks, 2)).toEqual(
      penAfter(other.blocks.slice(0, 2).join(''), FRESH),
    );
  });

  it('reads a megabyte of coloured output in well under a second', () => {
    const line = `${E}[32mok${E}[0m tests/${E}[1;34mname${E}[0m.py ${E}[38;5;208mwarn${E}[0m\n`;
    const text = Text.of(line.repeat(Math.ceil(2 ** 20 / line.length)));
    const pens = new Pens();
    const start = performance.now();
    const runs = text.blocks.map((block, at) => paint(block, pens.before(text.blocks, at)).length);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(runs.reduce((a, b) => a + b)).toBeGreaterThan(50_000);
  });
});
