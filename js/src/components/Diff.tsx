// A unified diff as a table with line numbers. Long ones show their beginning and the rest on request.

import { useMemo, useState } from 'preact/hooks';
import { type DiffRow, parseDiff } from '../core/diff.ts';
import { count } from '../core/format.ts';
import { plainTerminal } from '../core/plain.ts';
import { Scroll } from './Scroll.tsx';

const ROWS_AT_FIRST = 200;
const ROWS_AT_ONCE = 2_000;

const SIGNS: Record<DiffRow['kind'], string> = {
  add: '+',
  remove: '−',
  same: '',
  hunk: '',
  note: '',
};

export function Diff({ diff, path }: { diff: string; path: string }) {
  const [limit, setLimit] = useState(ROWS_AT_FIRST);
  const rows = useMemo(() => parseDiff(diff), [diff]);
  const whole = limit >= rows.length;
  const more = limit + ROWS_AT_ONCE < rows.length ? 'Show more of' : 'Show all';
  return (
    <div class="cdx-output">
      <Scroll label={`Changes to ${path}`}>
        <table class="cdx-diff">
          <tbody>
            {rows.slice(0, limit).map((row, at) => (
              <Row key={at} row={row} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > ROWS_AT_FIRST && (
        <button
          type="button"
          class="cdx-more"
          onClick={() => setLimit(whole ? ROWS_AT_FIRST : limit + ROWS_AT_ONCE)}
        >
          {whole ? 'Show only the beginning' : `${more} ${count(rows.length, 'line')}`}
        </button>
      )}
    </div>
  );
}

function Row({ row: { kind, before, after, text } }: { row: DiffRow }) {
  return (
    <tr class={`cdx-diff-${kind}`}>
      <td class="cdx-diff-number">{before}</td>
      <td class="cdx-diff-number">{after}</td>
      <td class="cdx-diff-sign">{SIGNS[kind]}</td>
      <td class="cdx-diff-text">{plainTerminal(text)}</td>
    </tr>
  );
}
