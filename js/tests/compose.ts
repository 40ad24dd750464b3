// Markdown put together at random, the same for the same seed: pieces of text in blocks in blocks.

/** Numbers from 0 to below 1 that the seed determines (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  'word¦words and more¦snake_case¦`code`¦``a ` b``¦**bold**¦*it*¦_it_¦__bold__¦~~gone~~¦***both***¦**bold *it* bold**¦[link](https://a.example)¦[`f`](src/f.py "t")¦![alt](x.png)¦<https://a.example>¦https://a.example/b¦www.a.example¦a@b.example¦\\*¦\\\\¦\\_¦&amp;¦&lt;¦2 * 3¦a*b*c¦(**x**)¦"*x*"¦<b>¦</b>¦1 < 2¦[ref]¦[text][ref]¦[none]¦é¦日本¦🎉¦C#¦x_y_z¦f(x)¦a | b¦100%¦it\'s¦—¦...¦**a**b¦a**b**¦[x¦]¦**¦*¦_¦`¦~'.split(
    '¦',
  );

export function textOf(random: () => number, words = WORDS): string {
  const count = 1 + Math.floor(random() * 7);
  const some = Array.from({ length: count }, () => words[Math.floor(random() * words.length)]);
  return some.join(' ');
}

// Without what marked reads in its own way where it meets blocks: tags alone on a line, code without end.
const IN_BLOCKS = WORDS.filter((word) => !/^(<\/?b>|`|~|\[x)$/.test(word));

/** Blocks of markdown, one after the other, nested to `depth`. */
export function composed(random: () => number, depth = 3): string {
  const count = 1 + Math.floor(random() * 4);
  const between = random() < 0.8 ? '\n\n' : '\n';
  return Array.from({ length: count }, () => block(random, depth)).reduce(
    // What comes right after a table, or after what is in a list, is read in more than one way.
    (all, next) => all + (/^\||\|$|\n +.*$/.test(`${next}\0${all}`) ? '\n\n' : between) + next,
  );
}

function block(random: () => number, depth: number): string {
  const text = () => textOf(random, IN_BLOCKS);
  const pick = Math.floor(random() * (depth > 0 ? 13 : 8));
  switch (pick) {
    case 0:
      return `${'#'.repeat(1 + Math.floor(random() * 4))} ${text()}`;
    case 1:
      return `\`\`\`python\n${text()}\n\n  ${text()}\n\`\`\``;
    case 2:
      // A rule in an item would be one with the item's own sign.
      return '***';
    case 3:
      return `| a | ${text().replaceAll('|', '')} |\n|:--|---|\n| ${text().replaceAll('|', '')} | b |\n| c | d |`;
    case 4:
      return `${text()}\n${text()}`;
    case 5:
      return `${text()}  \n${text()}`;
    case 6:
    case 7:
      return text();
    case 8:
      return composed(random, depth - 1).replace(/^/gm, '> ');
    default: {
      const ordered = random() < 0.4;
      const between = random() < 0.7 ? '\n' : '\n\n';
      const count = 1 + Math.floor(random() * 3);
      const items = Array.from({ length: count }, (_, at) => {
        const sign = ordered ? `${at + 1}. ` : '- ';
        const task = random() < 0.3 ? '[x] ' : '';
        const inner = random() < 0.5 ? task + text() : composed(random, depth - 1);
        return sign + inner.replace(/\n(?=[^\n])/g, `\n${' '.repeat(sign.length)}`);
      });
      return items.join(between);
    }
  }
}
