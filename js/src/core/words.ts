// Which words of a changed line changed: the longest common subsequence of its words, within a bound.
// Pure; knows lines, and nothing of diffs.

export interface Segment {
  text: string;
  changed: boolean;
}

// Beyond this many comparisons a line is not one that a person reads word by word.
const MOST_WORK = 20_000;
// With less in common than this share of the longer line, it is another line, not a changed one.
const LEAST_COMMON = 0.35;

const WORDS = /[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu;

/** Both lines in segments, or null if to say that all of it changed says more. */
export function changedWords(before: string, after: string): [Segment[], Segment[]] | null {
  const a = before.match(WORDS) ?? [];
  const b = after.match(WORDS) ?? [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  const most = Math.min(a.length, b.length) - start;
  while (end < most && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const same = common(a.slice(start, a.length - end), b.slice(start, b.length - end));
  if (!same) return null;
  const keep = (words: string[], kept: ReadonlySet<number>) =>
    words.map((_, at) => at < start || at >= words.length - end || kept.has(at - start));
  const keptA = keep(a, same[0]);
  const alike = a.reduce((sum, word, at) => sum + (keptA[at] ? word.trim().length : 0), 0);
  if (alike < LEAST_COMMON * Math.max(before.trim().length, after.trim().length)) return null;
  return [segments(a, keptA), segments(b, keep(b, same[1]))];
}

function common(a: readonly string[], b: readonly string[]): [Set<number>, Set<number>] | null {
  if (a.length * b.length > MOST_WORK) return null;
  const width = b.length + 1;
  // lengths[i * width + j]: of the longest common subsequence of a from i and b from j.
  const lengths = new Uint16Array((a.length + 1) * width);
  const of = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j] ? of(i + 1, j + 1) + 1 : Math.max(of(i + 1, j), of(i, j + 1));
    }
  }
  const kept: [Set<number>, Set<number>] = [new Set(), new Set()];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      kept[0].add(i++);
      kept[1].add(j++);
    } else if (of(i + 1, j) >= of(i, j + 1)) i++;
    else j++;
  }
  return kept;
}

function segments(words: readonly string[], kept: readonly boolean[]): Segment[] {
  const made: Segment[] = [];
  words.forEach((text, at) => {
    // A space between two changed words reads as part of the change.
    const between = /^\s/.test(text) && kept[at - 1] === false && kept[at + 1] === false;
    const changed = between || !kept[at];
    const last = made.at(-1);
    if (last?.changed === changed) last.text += text;
    else made.push({ text, changed });
  });
  return made;
}
