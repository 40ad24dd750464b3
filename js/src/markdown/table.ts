// Tables: rows of cells between bars, under a row of dashes that says how columns are aligned.
// A row that lacks cells is left short: filling it would make much of little text.

import type { Align } from './tree.ts';

/** The cells of a row; a bar after a backslash is text. */
export function cellsOf(row: string): string[] {
  const cells = row
    .trim()
    .split(/((?:\\[\s\S])+)|\|/)
    .reduce<string[]>(
      (all, part, at) => {
        // Parts alternate: text, then the escapes between (or nothing, where a bar divides).
        if (at % 2 === 0) all[all.length - 1] += part;
        else if (part === undefined) all.push('');
        else all[all.length - 1] += part.replace(/\\\|/g, '|');
        return all;
      },
      [''],
    )
    .map((cell) => cell.trim());
  if (cells.length > 1 && !cells[0]) cells.shift();
  if (cells.length > 1 && !cells.at(-1)) cells.pop();
  return cells;
}

/** How the columns are aligned, if `row` is the row of dashes under `header`. */
export function alignmentOf(row: string, header: string): Align[] | null {
  if (!/^[-:|\s]+$/.test(row) || !/[:|]/.test(row)) return null;
  const cells = cellsOf(row);
  if (cells.length !== cellsOf(header).length) return null;
  const align: Align[] = [];
  for (const cell of cells) {
    if (!/^:?-+:?$/.test(cell)) return null;
    const end = cell.endsWith(':');
    align.push(cell[0] === ':' ? (end ? 'center' : 'left') : end ? 'right' : '');
  }
  return align;
}
