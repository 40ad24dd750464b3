// Code in colours: what is what in a line, and what stays open behind it.

import { expect, it } from 'vitest';
import { type Kind, languageOf, partsOf } from '../src/core/highlight.ts';

/** The coloured parts of a code, in their order, as `kind text`. */
function coloured(name: string, code: string): string[] {
  const language = languageOf(name);
  if (!language) return [];
  let open = '';
  const parts: { kind: Kind | ''; text: string }[] = [];
  for (const line of code.split('\n')) {
    const read = partsOf(line, language, open);
    expect(read.parts.map((part) => part.text).join('')).toBe(line);
    parts.push(...read.parts);
    open = read.open;
  }
  return parts.filter(({ kind }) => kind).map(({ kind, text }) => `${kind} ${text}`);
}

it.each([
  [
    'python',
    'def add(n: int = 1.5) -> None:  # why',
    ['keyword def', 'name add', 'number 1.5', 'atom None', 'comment # why'],
  ],
  [
    'py',
    'x = f"a{b}" if y else \'c\'',
    ['string f"a{b}"', 'keyword if', 'keyword else', "string 'c'"],
  ],
  [
    'bash',
    'echo "$HOME" --all # done',
    ['keyword echo', 'string "$HOME"', 'key --all', 'comment # done'],
  ],
  ['json', '{"a": [1, "b", true]}', ['key "a"', 'number 1', 'string "b"', 'atom true']],
  ['ts', 'const a = f(2); // c', ['keyword const', 'name f', 'number 2', 'comment // c']],
  ['yaml', 'name: "x" # y', ['key name', 'string "x"', 'comment # y']],
  ['sql', 'SELECT a FROM t -- c', ['keyword SELECT', 'keyword FROM', 'comment -- c']],
  ['diff', '-a', ['cut -a']],
] as const)('%s: %s', (language, code, parts) => {
  const found = coloured(language, code);
  for (const part of parts) expect(found).toContain(part);
});

it('what is open at the end of a line goes on in the next', () => {
  expect(coloured('python', '"""one\ntwo"""\nthree = 3')).toEqual([
    'string """one',
    'string two"""',
    'number 3',
  ]);
  expect(coloured('python', 'f"""one\ntwo""" + 3')).toEqual([
    'string """one',
    'string two"""',
    'number 3',
  ]);
  expect(coloured('js', 'a /* b\nc */ 1')).toEqual(['comment /* b', 'comment c */', 'number 1']);
});

it('a language that is not known has no colours', () => {
  for (const name of ['', 'klingon', 'constructor', ' ']) expect(languageOf(name)).toBeUndefined();
});
