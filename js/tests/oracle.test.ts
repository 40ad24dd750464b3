// Our reading of markdown against another reader's: `marked`, on messages as agents write them and on
// pieces of them put together at random. Where they differ on purpose, what we read is written out.

import { describe, expect, it } from 'vitest';
import { composed, randomOf, textOf } from './compose.ts';
import { MATHS, MESSAGES } from './messages.ts';
import { type Form, ours, theirs } from './oracle.ts';

const LINKS = '\n\n[ref]: https://ref.example';

describe('a message is read as marked reads it', () => {
  it.each(MESSAGES)('%j', (message) => {
    expect(ours(message)).toEqual(theirs(message));
  });
});

it('a text put together at random is read as marked reads it', () => {
  const random = randomOf(1);
  for (let i = 0; i < 3_000; i++) {
    const text = textOf(random) + LINKS;
    expect(ours(text), JSON.stringify(text)).toEqual(theirs(text));
  }
});

it('blocks put together at random are read as marked reads them', () => {
  const random = randomOf(2);
  for (let i = 0; i < 2_000; i++) {
    const text = composed(random) + LINKS;
    expect(ours(text), JSON.stringify(text)).toEqual(theirs(text));
  }
});

// CommonMark's and GitHub's rules, where marked has its own; and ours, for what an agent means.
const DIFFERENT: [why: string, source: string, read: Form[]][] = [
  [
    'emphasis in a word, by the rule of three',
    'a**b *c* d**e',
    [['p', 'a', ['strong', 'b ', ['em', 'c'], ' d'], 'e']],
  ],
  [
    'a text that is still a link',
    '[x ` [`f`](u)',
    [['p', ['link', 'u', 'x ', ['code', ' ['], 'f`']]],
  ],
  [
    'an address that goes on from a word is none',
    'seehttps://a.example',
    [['p', 'seehttps://a.example']],
  ],
  [
    'an address after a bracket',
    '(x)www.a.example',
    [['p', '(x)', ['link', 'http://www.a.example', 'www.a.example']]],
  ],
  [
    'an address ends before code',
    'https://a.example`x`',
    [['p', ['link', 'https://a.example', 'https://a.example'], ['code', 'x']]],
  ],
  [
    'an address ends with the brackets that it stands in',
    '[see https://a.example]',
    [['p', '[see ', ['link', 'https://a.example', 'https://a.example'], ']']],
  ],
  ['a mail address with an underscore is text', 'x_y@b.example', [['p', 'x_y@b.example']]],
  [
    'a table does not go on lazily',
    '- a\n| b |\n|---|',
    [['ul', ['li', ['p', 'a\n| b |\n|---|']]]],
  ],
  [
    'a link in a link is its text',
    '[a <https://b.example> c](d)',
    [['p', ['link', 'd', 'a https://b.example c']]],
  ],
];

it.each(DIFFERENT)('not as marked reads it: %s', (_, source, read) => {
  expect(ours(source)).toEqual(read);
  expect(ours(source)).not.toEqual(theirs(source));
});

it('maths stays as it is written', () => {
  expect(MATHS.map(ours)).toEqual([
    [
      [
        'p',
        'The mean ',
        ['math', '$\\bar{x} = \\frac{1}{n} \\sum_{i=1}^n x_i$'],
        ' and ',
        ['math', '$a_1 * b_1 * c_1$'],
        ' of it.',
      ],
    ],
    [['p', 'Prices are $5 and $6, or $5.50; from $HOME/bin to $PATH.']],
    [
      [
        'p',
        'Inline ',
        ['math', '$$E = mc^2$$'],
        ' and ',
        ['math', '\\(a_i + b_i\\)'],
        ' and ',
        ['math', '\\[x * y * z\\]'],
        '.',
      ],
    ],
    [
      ['math', '$$\na_1 = b_1 \\\\\n- c * d * e\n$$'],
      ['p', 'after'],
    ],
    [
      ['p', 'Before:'],
      ['math', '\\[\n\\begin{aligned}\nx &= 1 \\\\\n+ y\n\\end{aligned}\n\\]'],
      [
        'ul',
        ['li', ['p', 'in a list ', ['math', '$x$']], ['math', '$$\ny_1 * y_2\n$$']],
        ['li', ['p', 'next']],
      ],
    ],
    [
      ['math', '$$ x_1 + x_2 $$'],
      ['p', '$$not closed'],
      ['p', 'text $x_1 and ', ['em', 'it']],
    ],
    [
      [
        'p',
        '[no link](x) and [named]: and ',
        ['code', '$x$'],
        ' and $',
        ['code', 'x'],
        '$ and $5 and $5$.',
      ],
    ],
  ]);
});
