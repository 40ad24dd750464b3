// A unified diff as rows with line numbers. Reads what git and the kernel write, without file
// headers; whatever does not look like a diff still comes out as rows, because showing it is honest.

export interface DiffRow {
  kind: 'hunk' | 'add' | 'remove' | 'same' | 'note';
  /** The line's number in the old and in the new file. */
  before: number | null;
  after: number | null;
  text: string;
  /** Of a line that took another's place, or gave it: the other. */
  other?: DiffRow;
}

/** Side by side: the old line and the new one; what is no line of the file stands alone. */
export type DiffPair = readonly [DiffRow | null, DiffRow | null];

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

export function parseDiff(diff: string): DiffRow[] {
  const lines = diff.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let before = 1;
  let after = 1;
  const rows = lines.map((line): DiffRow => {
    const text = line.slice(1);
    const hunk = HUNK.exec(line);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      return { kind: 'hunk', before: null, after: null, text: line };
    }
    switch (line[0]) {
      case '+':
        return { kind: 'add', before: null, after: after++, text };
      case '-':
        return { kind: 'remove', before: before++, after: null, text };
      case '\\':
        return { kind: 'note', before: null, after: null, text: text.trim() };
      default:
        return { kind: 'same', before: before++, after: after++, text };
    }
  });
  for (const [old, now] of sideBySide(rows)) {
    if (!old || !now || old === now) continue;
    old.other = now;
    now.other = old;
  }
  return rows;
}

/** Lines that were removed beside those that were added in their place, in their order. */
export function sideBySide(rows: readonly DiffRow[]): DiffPair[] {
  const pairs: DiffPair[] = [];
  let removed: DiffRow[] = [];
  let added: DiffRow[] = [];
  let notes: DiffRow[] = [];
  const flush = () => {
    const count = Math.max(removed.length, added.length);
    for (let at = 0; at < count; at++) pairs.push([removed[at] ?? null, added[at] ?? null]);
    for (const note of notes) pairs.push([note, note]);
    removed = [];
    added = [];
    notes = [];
  };
  for (const row of rows) {
    if (row.kind === 'add') added.push(row);
    // That a file has no newline at its end is said between the lines that took each other's place.
    else if (row.kind === 'note') notes.push(row);
    else {
      if (row.kind !== 'remove' || added.length > 0) flush();
      if (row.kind === 'remove') removed.push(row);
      else pairs.push([row, row]);
    }
  }
  flush();
  return pairs;
}
