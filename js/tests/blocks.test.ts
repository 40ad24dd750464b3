// Markdown in blocks: however it arrives, it ends as if it had come at once.

import { expect, it } from 'vitest';
import { type Blocks, split, splitComplete } from '../src/core/blocks.ts';

const DOCUMENT = `# Title

First *paragraph*
over two lines.

- one
- two

  still two
- three

| a | b |
|---|---|
| 1 | 2 |

\`\`\`python
def f():

    return 1
\`\`\`

> quoted
> text

Setext
======

text\r
#hashtag

1. a
2. b

<details>

end
`;

const shape = ({ tokens }: Blocks) => tokens.map(({ type, raw }) => [type, raw]);

it.each([1, 2, 3, 7, 20, 100])('comes out the same in pieces of %i characters', (step) => {
  let blocks: Blocks | undefined;
  for (let end = step; end < DOCUMENT.length + step; end += step) {
    blocks = split(DOCUMENT.slice(0, end), blocks);
  }
  expect(shape(splitComplete(DOCUMENT, blocks))).toEqual(shape(split(DOCUMENT)));
  expect(shape(split(DOCUMENT, blocks))).toEqual(shape(split(DOCUMENT)));
});

it('keeps the blocks that did not change, so that they are not drawn again', () => {
  const before = split('One.\n\nTwo.\n\nThr');
  const after = split('One.\n\nTwo.\n\nThree.', before);
  expect(after.tokens.slice(0, 4)).toEqual(before.tokens.slice(0, 4));
  for (let at = 0; at < 4; at++) expect(after.tokens[at]).toBe(before.tokens[at]);
  expect(splitComplete(after.source, after).tokens[2]).toBe(before.tokens[2]);
});

it('starts anew when the text is another one', () => {
  expect(shape(split('Other.', split('One.\n\nTwo.')))).toEqual([['paragraph', 'Other.']]);
});

it('finds links that are defined later, once the text is complete', () => {
  const source = 'See [it].\n\n[it]: https://example.org\n';
  const [first] = splitComplete(source, split('See [it].')).tokens;
  expect(JSON.stringify(first)).toContain('"type":"link"');
});

it('survives nesting that exhausts the lexer', () => {
  const deep = `${'> '.repeat(20_000)}x`;
  expect(split(deep).tokens).toMatchObject([{ type: 'text', raw: deep }]);
});

it('costs its end, not its length', () => {
  const paragraph = 'Some words that go on for a while, with `code` and *stress*.\n\n';
  let source = paragraph.repeat(2_000);
  let blocks = split(source);
  const began = performance.now();
  for (let i = 0; i < 200; i++) {
    source += 'word ';
    blocks = split(source, blocks);
  }
  // Lexing all of it each time takes some 200 times 20 ms.
  expect(performance.now() - began).toBeLessThan(1000);
});
