// Files that the agent changed, each with its diff, or with the reason why there is none.

import { diffOpensByItself, opensByItself, type Tone } from '../core/folding.ts';
import { count } from '../core/format.ts';
import { plainTerminal } from '../core/plain.ts';
import type { FileChange, FilesCard as Files } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';
import { Diff } from './Diff.tsx';
import { Fold } from './Fold.tsx';

const CHANGES: Record<string, string> = { add: 'added', delete: 'deleted', update: 'modified' };

// Of a change that was not made, or not yet.
const DONE: Partial<Record<Tone, string>> = {
  running: 'being changed',
  waiting: 'to change',
  declined: 'left as they were',
  failed: 'not changed',
};

export function FilesCard({ card, tone }: { card: Files; tone: Tone }) {
  const { changes } = card;
  const [only] = changes;
  if (only && changes.length === 1) {
    return (
      <>
        <CardFrame
          card={card}
          tone={tone}
          icon="file"
          title={<Path change={only} />}
          meta={<Counts of={changes} />}
          open={opens(only, 1, tone)}
        >
          {only.diff && <Diff diff={only.diff} path={plainTerminal(only.path)} />}
        </CardFrame>
        <Note change={only} />
      </>
    );
  }
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="file"
      title={`${count(changes.length, 'file')} ${DONE[tone] ?? 'changed'}`}
      meta={<Counts of={changes} />}
      open={tone !== 'declined'}
    >
      {changes.map((change) => (
        <div key={change.path} class="cdx-file">
          <Fold
            name={change.path}
            open={opens(change, changes.length, tone)}
            summary={
              <>
                <span class="cdx-title">
                  <Path change={change} />
                </span>
                <span class="cdx-meta">
                  <Counts of={[change]} />
                </span>
              </>
            }
          >
            {change.diff && <Diff diff={change.diff} path={plainTerminal(change.path)} />}
          </Fold>
          <Note change={change} />
        </div>
      ))}
    </CardFrame>
  );
}

function opens(change: FileChange, files: number, tone: Tone): boolean {
  // While it waits, whoever is asked sees it where they are asked.
  if (tone === 'waiting' || tone === 'declined') return false;
  return opensByItself(tone) || diffOpensByItself(change, files);
}

export function Path({ change: { change, path, moved_to } }: { change: FileChange }) {
  const word = moved_to ? 'moved' : (CHANGES[change] ?? plainTerminal(change));
  const from = plainTerminal(path);
  const to = moved_to && plainTerminal(moved_to);
  return (
    <>
      <span class="cdx-change" data-change={change} title={word}>
        <span aria-hidden="true">{word.slice(0, 1).toUpperCase()}</span>
        <span class="cdx-sr">{word} </span>
      </span>
      <code class="cdx-path" title={to ? `${from} → ${to}` : from}>
        <bdi>{from}</bdi>
        {to && (
          <>
            {' → '}
            <bdi>{to}</bdi>
          </>
        )}
      </code>
    </>
  );
}

function Note({ change: { note } }: { change: FileChange }) {
  return note && <p class="cdx-note">{note}</p>;
}

export function Counts({ of: changes }: { of: readonly FileChange[] }) {
  if (changes.every((change) => change.diff === null)) return null;
  const added = changes.reduce((sum, change) => sum + change.added, 0);
  const removed = changes.reduce((sum, change) => sum + change.removed, 0);
  return (
    <span class="cdx-counts">
      <span class="cdx-added">
        +{added}
        <span class="cdx-sr"> lines added</span>
      </span>
      <span class="cdx-removed">
        −{removed}
        <span class="cdx-sr"> lines removed</span>
      </span>
    </span>
  );
}
