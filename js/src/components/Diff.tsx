// A unified diff as a table with line numbers, in one column or with old and new side by side.
// Long ones show their beginning and the rest on request.

import { useMemo, useRef, useState } from 'preact/hooks';
import { type DiffRow, parseDiff, sideBySide } from '../core/diff.ts';
import { count } from '../core/format.ts';
import { plainTerminal } from '../core/plain.ts';
import { changedWords } from '../core/words.ts';
import { Icon } from './Icon.tsx';
import { Scroll } from './Scroll.tsx';
import { useSideBySide } from './use-side-by-side.ts';

const ROWS_AT_FIRST = 200;
const ROWS_AT_ONCE = 2_000;

export function Diff({ diff, path }: { diff: string; path: string }) {
  const [limit, setLimit] = useState(ROWS_AT_FIRST);
  const box = useRef<HTMLDivElement>(null);
  const { room, chosen, choose } = useSideBySide(box);
  const rows = useMemo(() => parseDiff(diff), [diff]);
  const beside = room && chosen;
  const whole = limit >= rows.length;
  const more = limit + ROWS_AT_ONCE < rows.length ? 'Show more of' : 'Show all';
  const shown = rows.slice(0, limit);
  return (
    <div class="cdx-output" ref={box}>
      <div class="cdx-bar cdx-bar-wide">
        <button
          type="button"
          class="cdx-tool"
          aria-pressed={beside}
          onClick={() => choose(!chosen)}
        >
          <Icon name="columns" />
          Side by side
        </button>
      </div>
      <Scroll label={`Changes to ${path}`}>
        <table class={beside ? 'cdx-diff cdx-diff-beside' : 'cdx-diff'}>
          {beside && (
            <colgroup>
              {[0, 1].map((side) => [
                <col key={`${side} number`} class="cdx-diff-number" />,
                <col key={`${side} sign`} class="cdx-diff-sign" />,
                <col key={`${side} text`} />,
              ])}
            </colgroup>
          )}
          <tbody>
            {beside
              ? sideBySide(shown).map(([old, now], at) =>
                  old && old === now && old.kind !== 'same' ? (
                    <tr key={at} class={`cdx-diff-${old.kind}`}>
                      <td class="cdx-diff-text" colSpan={6}>
                        {plainTerminal(old.text)}
                      </td>
                    </tr>
                  ) : (
                    <tr key={at}>
                      <Line row={old} number={old?.before} />
                      <Line row={now} number={now?.after} />
                    </tr>
                  ),
                )
              : shown.map((row, at) => (
                  <tr key={at}>
                    <td class={`cdx-diff-number cdx-diff-${row.kind}`}>{row.before}</td>
                    <Line row={row} number={row.after} />
                  </tr>
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

/** A line as cells: its number, its sign and its text. */
function Line({ row, number }: { row: DiffRow | null; number: number | null | undefined }) {
  const kind = `cdx-diff-${row?.kind ?? 'none'}`;
  return (
    <>
      <td class={`cdx-diff-number ${kind}`}>{number}</td>
      <td class={`cdx-diff-sign ${kind}`}>
        {row?.kind === 'add' && <Sign sign="+" word="added" />}
        {row?.kind === 'remove' && <Sign sign="−" word="removed" />}
      </td>
      <td class={`cdx-diff-text ${kind}`}>{row && <Words row={row} />}</td>
    </>
  );
}

function Sign({ sign, word }: { sign: string; word: string }) {
  return (
    <>
      <span aria-hidden="true">{sign}</span>
      <span class="cdx-sr">{word}</span>
    </>
  );
}

function Words({ row: { kind, text, other } }: { row: DiffRow }) {
  const parts = useMemo(() => {
    const mine = plainTerminal(text);
    if (!other) return mine;
    const theirs = plainTerminal(other.text);
    const words =
      kind === 'add' ? changedWords(theirs, mine)?.[1] : changedWords(mine, theirs)?.[0];
    return words?.map((word, at) => (word.changed ? <mark key={at}>{word.text}</mark> : word.text));
  }, [kind, text, other]);
  return <>{parts ?? plainTerminal(text)}</>;
}
