// Code told apart for the eye: comments, strings, numbers, keywords and names, a line at a time.
// A line's parts depend on the line and on what is open before it, so code that grows is read once.
// Patterns look back one character at most: code is the agent's, and may be hostile.
// Knows neither elements nor colours; languages that it does not know stay plain.

export type Kind =
  | 'comment'
  | 'string'
  | 'number'
  | 'keyword'
  | 'atom'
  | 'name'
  | 'key'
  | 'add'
  | 'cut';

export interface Part {
  kind: Kind | '';
  text: string;
}

export interface Language {
  /** What each match is: the names of the groups are kinds, or `word` and `open`. */
  pattern: RegExp;
  keywords: ReadonlySet<string>;
  /** What a string or comment over several lines ends with, by what opens it. */
  ends: Readonly<Record<string, string>>;
}

const ATOMS = new Set(
  'true false null none undefined nan inf infinity nil self this super'.split(' '),
);

const WORDS = {
  python:
    'and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield',
  shell:
    'if then else elif fi for while until do done case esac in function return export local declare readonly unset source set exit trap cd echo sudo',
  // Of the family of C, with what most of its members have.
  c: 'async await bool break case catch char class const continue default defer delete do double else enum export extends extern final finally float fn for from func function if impl import in instanceof int interface let long loop match mod mut namespace new package private protected pub public range return static struct switch template throw throws trait try type typeof union unsigned use using var void where while yield',
  sql: 'all alter and as asc between by case create delete desc distinct drop else end exists from full group having in index inner insert into is join left like limit not offset on or order outer over partition right select set table then union unique update using values view when where with',
  none: '',
};

const STRING = (quotes: string) =>
  [...quotes].map((q) => `${q}(?:[^${q}\\\\]|\\\\.)*${q}?`).join('|');
const NUMBER = '(?<![\\w.])\\d[\\w.]*';
const WORD = '(?<word>[\\p{L}_$][\\p{L}\\p{N}_$]*)';
const HASH = '(?<![\\w$&{])#.*';

function language(
  comment: string,
  open: string,
  quotes: string,
  words: keyof typeof WORDS,
  ends: Record<string, string> = {},
  key = '(?!)',
): Language {
  const groups = [
    `(?<key>${key})`,
    `(?<comment>${comment})`,
    `(?<open>${open})`,
    `(?<string>(?<!\\w)[bfru]{0,2}(?!"""|''')(?:${STRING(quotes)})|${STRING('"')})`,
    `(?<number>${NUMBER})`,
    WORD,
  ];
  return {
    pattern: new RegExp(groups.join('|'), 'gu'),
    keywords: new Set(WORDS[words].split(' ')),
    ends,
  };
}

const PYTHON = language(
  HASH,
  '"""|\'\'\'',
  '"\'',
  'python',
  { '"""': '"""', "'''": "'''" },
  '^\\s*@[\\w.]+',
);
const SHELL = language(
  HASH,
  '(?!)',
  '"\'`',
  'shell',
  {},
  '\\$(?:\\w+|[@#?*$!-])|(?<=\\s)--?[a-zA-Z][\\w-]*',
);
const C = language('\\/\\/.*', '\\/\\*|`', '"\'', 'c', { '/*': '*/', '`': '`' });
const DATA = language(
  `${HASH}|\\/\\/.*`,
  '(?!)',
  '"\'',
  'none',
  {},
  '"(?:[^"\\\\]|\\\\.)*"(?=\\s*:)|^\\s*(?:- +)?[\\w.-]+(?=\\s*[:=])|^\\s*\\[.*\\]\\s*$',
);
const SQL = language('--.*', '\\/\\*', '"\'`', 'sql', { '/*': '*/' });
const MARKUP = language(
  '(?!)',
  '<!--',
  '"',
  'none',
  { '<!--': '-->' },
  '<\\/?[a-zA-Z][\\w:-]*|\\/?>',
);
const DIFF: Language = {
  pattern: /^(?:(?<add>\+.*)|(?<cut>-.*)|(?<comment>@@.*|diff .*|index .*))/gu,
  keywords: new Set(),
  ends: {},
};

const LANGUAGES: [Language, string][] = [
  [PYTHON, 'python py python3 ipython pycon'],
  [SHELL, 'bash sh shell zsh console shellsession dockerfile docker makefile make r ruby rb'],
  [
    C,
    'js javascript jsx mjs ts typescript tsx c cpp c++ h cs csharp java kotlin scala swift go rust rs php dart css scss',
  ],
  [DATA, 'json jsonc json5 jsonl yaml yml toml ini cfg env properties'],
  [SQL, 'sql sqlite postgresql postgres mysql'],
  [MARKUP, 'html xml svg vue'],
  [DIFF, 'diff patch'],
];

/** The language that the first word after a fence names. */
export function languageOf(info: string): Language | undefined {
  const name = /^[\w+#-]*/.exec(info)?.[0].toLowerCase();
  return LANGUAGES.find(([, names]) => names.split(' ').includes(name || ' '))?.[0];
}

/** The parts of a line after which `open` is open, and what is open after it: the end that is awaited. */
export function partsOf(
  line: string,
  language: Language,
  open: string,
): { parts: Part[]; open: string } {
  const parts: Part[] = [];
  let at = 0;
  let awaited = open;
  const put = (kind: Kind | '', end: number) => {
    if (end > at) parts.push({ kind, text: line.slice(at, end) });
    at = end;
  };
  // Reads on to the end that is awaited, or as far as the line goes.
  const finish = (from: number) => {
    const found = line.indexOf(awaited, from);
    put(
      /[*>]/.test(awaited) ? 'comment' : 'string',
      found < 0 ? line.length : found + awaited.length,
    );
    if (found >= 0) awaited = '';
  };
  if (awaited) finish(0);
  const { pattern, keywords, ends } = language;
  while (at < line.length && !awaited) {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (!match) break;
    const [text] = match;
    const groups = match.groups as Record<string, string | undefined>;
    put('', match.index);
    const end = at + text.length;
    if (groups.open) {
      awaited = ends[text] as string;
      finish(end);
    } else if (groups.word) {
      const lower = text.toLowerCase();
      const called = line[end] === '(';
      put(
        keywords.has(language === SQL ? lower : text)
          ? 'keyword'
          : ATOMS.has(lower)
            ? 'atom'
            : called
              ? 'name'
              : '',
        end,
      );
    } else {
      put(Object.keys(groups).find((kind) => groups[kind] !== undefined) as Kind, end || 1);
    }
  }
  put('', line.length);
  return { parts, open: awaited };
}
