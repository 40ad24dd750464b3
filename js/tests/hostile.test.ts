// Markdown made to be slow: twice as much of it takes about twice as long, and never the stack.

import { describe, expect, it } from 'vitest';
import { languageOf, partsOf } from '../src/core/highlight.ts';
import { Growth } from '../src/markdown/growth.ts';
import { inlinesOf } from '../src/markdown/inline.ts';
import type { Block } from '../src/markdown/tree.ts';
import { ours } from './oracle.ts';

const times = (piece: string) => (length: number) => piece.repeat(Math.ceil(length / piece.length));
const around = (left: string, right: string) => (length: number) => {
  const half = Math.ceil(length / (left.length + right.length));
  return left.repeat(half) + right.repeat(half);
};
const numbered = (piece: (at: number) => string) => (length: number) => {
  let text = '';
  for (let at = 0; text.length < length; at++) text += piece(at);
  return text;
};

const FLOODS: Record<string, (length: number) => string> = {
  'quotes in quotes': times('> '),
  'lists in lists': times('- '),
  'numbers in numbers': times('1. '),
  'lists ever deeper': numbered((at) => `${' '.repeat((at % 60) * 2)}- a\n`),
  brackets: times('['),
  'closed brackets': around('[', ']'),
  'brackets closed at once': times('[]'),
  images: times('!['),
  'images around links': (length) => '!['.repeat(length / 4) + '[a](b)'.repeat(length / 12),
  'links without end': times('[a]('),
  'links with titles without end': times('[a](b "'),
  'addresses without end': times('[a](<b'),
  parentheses: (length) => `[a](${'('.repeat(length)}`,
  stars: times('*'),
  'stars and letters': times('a**b'),
  'stars that only open': times(' *a'),
  'stars that only close': times('a* '),
  'stars and underscores': times('*_a'),
  'runs of all lengths': numbered((at) => `${'*'.repeat(at % 50)}a `),
  tildes: times('~~a'),
  backticks: times('`'),
  'backticks of all lengths': numbered((at) => `${'`'.repeat(at % 300)}a`),
  'backslashes and backticks': times('\\`'),
  angles: times('<'),
  tags: times('<a b='),
  'tags with spaces': (length) => `<a${' '.repeat(length)}`,
  comments: times('<!--'),
  instructions: times('<?'),
  dollars: times('$'),
  'dollars and letters': times('$a '),
  'dollars and a backtick': (length) => `${'$a '.repeat(length / 3)}\`b$`,
  'maths that only begins': times('\\(a \\[b '),
  'addresses in a row': times('http://a.b'),
  'addresses with parentheses': (length) => `http://a.b/${')'.repeat(length)}`,
  mails: times('a@b.c'),
  'mails of one letter': times('a@'),
  'spaces before the end': (length) => `a${' '.repeat(length)}b`,
  'spaces in a heading': (length) => `# a${' '.repeat(length)}b`,
  'signs in a heading': (length) => `# ${'#'.repeat(length)}b`,
  'a table of many columns': (length) =>
    `${'|a'.repeat(length / 4)}|\n${'|-'.repeat(length / 4)}|\n`,
  'a table of many empty rows': (length) => {
    const columns = Math.sqrt(length);
    return `${'|a'.repeat(columns)}|\n${'|-'.repeat(columns)}|\n${'|\n'.repeat(length / 2)}`;
  },
  'rows of dashes': times('a\n-|\n'),
  'spaces in a row of dashes': (length) => `a\n|-${' '.repeat(length)}b`,
  'bars after backslashes': times('\\|'),
  definitions: numbered((at) => `[a${at}]: b\n`),
  'definitions without end': times('[a]: b "\n'),
  'names that are defined': numbered((at) => `[a${at}]: b\n\n[a${at}]\n\n`),
  'names without end': (length) => `[a]: b\n\n${'[a '.repeat(length / 3)}`,
  'blank lines in code': (length) => `    a\n${'\n'.repeat(length)}    b`,
  'a fence of backticks': (length) => `${'`'.repeat(length / 2)}${'a'.repeat(length / 2)}\``,
  entities: times('&amp;'),
  ampersands: times('&'),
  'one long word': times('a'),
  'many short lines': times('a\n'),
  'rows of dashes that fit no head': times('a\n-|-\n'),
  'lines that may be definitions': times('[a\n'),
  underscores: times('_a'),
};

/** Reads all of it, down to the inlines. */
function readAll(text: string): void {
  const { blocks, links } = new Growth().read(text, true);
  const read = (block: Block): void => {
    if (block.type === 'paragraph' || block.type === 'heading') inlinesOf(block.text, links);
    if (block.type === 'table') for (const cell of block.rows.flat()) inlinesOf(cell, links);
    if ('children' in block) block.children.forEach(read);
  };
  blocks.forEach(read);
}

const timeOf = (text: string): number => {
  const began = performance.now();
  readAll(text);
  return performance.now() - began;
};

describe('reading costs no more than its length', () => {
  it.each(Object.entries(FLOODS))('of %s', (_, flood) => {
    const fastest = (text: string) => Math.min(timeOf(text), timeOf(text), timeOf(text));
    const short = fastest(flood(50_000));
    const long = fastest(flood(400_000));
    // Eight times the length; sixty-four times the time would be the square. What is fast is enough.
    expect(long < 150 || long / short < 24, `${short} ms, then ${long} ms`).toBe(true);
  });
});

it('blocks and spans nest as deep as people write, and no deeper', () => {
  const depthOf = (form: unknown): number =>
    Array.isArray(form) ? 1 + Math.max(0, ...form.map(depthOf)) : 0;
  const deep = [
    '> '.repeat(9_999),
    '- '.repeat(9_999),
    '*a **b '.repeat(9_999) + 'c** d*'.repeat(9_999),
  ];
  for (const text of deep) {
    expect(depthOf(ours(`${text}x`))).toBeLessThan(60);
    expect(JSON.stringify(ours(`${text}x`))).toContain('x');
  }
});

it('a long list grows without being read again', () => {
  const growth = new Growth();
  const began = performance.now();
  let text = '';
  for (let i = 0; i < 5_000; i++) {
    text += `- item ${i}\n`;
    growth.read(text, false);
  }
  expect(performance.now() - began).toBeLessThan(5_000);
});

const CODES = [
  'a',
  ' ',
  '"',
  "'",
  'f"',
  '`',
  '`${',
  '/ ',
  '/*',
  '"""',
  '#',
  '1',
  '1.',
  '$',
  '--',
  '<',
  '<!--',
  '\\',
  '- ',
  'a:',
  '[',
  'é',
];

it.each(['python', 'bash', 'js', 'json', 'sql', 'html', 'diff'])('%s costs its length', (name) => {
  const language = languageOf(name);
  if (!language) throw new Error(`${name} is not known`);
  for (const piece of CODES) {
    // The longest line that is coloured; `Highlighted` draws longer ones plain.
    const line = times(piece)(2_000);
    const began = performance.now();
    const { parts } = partsOf(line, language, '');
    expect(performance.now() - began, piece).toBeLessThan(100);
    expect(parts.map(({ text }) => text).join('')).toBe(line);
  }
});
