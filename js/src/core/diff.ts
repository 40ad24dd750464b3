// A unified diff as rows with line numbers. Reads what git and the kernel write, without file
// headers; whatever does not look like a diff still comes out as rows, because showing it is honest.

export interface DiffRow {
  kind: 'hunk' | 'add' | 'remove' | 'same' | 'note';
  /** The line's number in the old and in the new file. */
  before: number | null;
  after: number | null;
  text: string;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

export function parseDiff(diff: string): DiffRow[] {
  const lines = diff.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let before = 1;
  let after = 1;
  return lines.map((line): DiffRow => {
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
}
