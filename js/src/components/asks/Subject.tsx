// What would be done if the reader approved: all of it, and nothing of it hidden or acting.

import type { Ask } from '../../core/asks.ts';
import { exact } from '../../core/exact.ts';
import { count } from '../../core/format.ts';
import type { FileChange } from '../../core/types.ts';
import { Diff } from '../Diff.tsx';
import { Counts, Path } from '../FilesCard.tsx';
import { Fold } from '../Fold.tsx';
import { Scroll } from '../Scroll.tsx';

// More are listed, and opened one by one.
const DIFFS_OPEN = 3;
// As many lines as are in view without scrolling.
const LINES_IN_VIEW = 6;

export function Subject({ ask }: { ask: Ask }) {
  const { elsewhere, changes, grant_root } = ask;
  return (
    <>
      <Words text={ask.command} label="Command" />
      {elsewhere !== null && (
        <p>
          in <code>{exact(elsewhere)}</code>
        </p>
      )}
      <Words text={ask.permissions} label="Permissions" />
      <Words text={ask.arguments} label="Arguments" />
      {changes.map((change, at) => (
        <Change key={at} change={change} open={changes.length <= DIFFS_OPEN} />
      ))}
      {grant_root !== null && (
        <p class="cdx-grant">
          Approving also lets it write anywhere in <code>{exact(grant_root)}</code> from then on.
        </p>
      )}
    </>
  );
}

function Words({ text, label }: { text: string | null; label: string }) {
  if (!text) return null;
  const lines = text.split('\n').length;
  return (
    <div class="cdx-output">
      <Scroll label={label}>
        <pre class="cdx-pre">{exact(text)}</pre>
      </Scroll>
      {lines > LINES_IN_VIEW && <p class="cdx-lines">{count(lines, 'line')}; scroll to see all</p>}
    </div>
  );
}

function Change({ change: raw, open }: { change: FileChange; open: boolean }) {
  const { moved_to, diff, note } = raw;
  const change = { ...raw, path: exact(raw.path), moved_to: moved_to && exact(moved_to) };
  const row = (
    <>
      <span class="cdx-title">
        <Path change={change} />
      </span>
      <span class="cdx-meta">
        <Counts of={[change]} />
      </span>
    </>
  );
  const body = diff && <Diff diff={exact(diff)} path={change.path} />;
  return (
    <div class="cdx-file">
      {open ? (
        // Not folded with all the rest: the reader is to see what they approve.
        <>
          <div class="cdx-row">{row}</div>
          {body}
        </>
      ) : (
        <Fold open={false} name={change.path} summary={row}>
          {body}
        </Fold>
      )}
      {note && <p class="cdx-note">{note}</p>}
    </div>
  );
}
