// What was decided so far, by whom, in a line each; many fold to their count.

import { answersShown, askSubject, outcome } from '../../core/ask-words.ts';
import type { Ask } from '../../core/asks.ts';
import { count } from '../../core/format.ts';
import { Fold } from '../Fold.tsx';
import { Icon } from '../Icon.tsx';

const SHOWN_OPEN = 2;

export function Settled({ asks }: { asks: readonly Ask[] }) {
  if (asks.length === 0) return null;
  const lines = (
    <ul class="cdx-settled">
      {asks.map((ask) => (
        <li key={ask.id}>
          <Icon name={ask.decision?.startsWith('accept') ? 'check' : 'slash'} />
          <span>
            {outcome(ask)}: <code>{answersShown(ask) ?? askSubject(ask)}</code>
          </span>
        </li>
      ))}
    </ul>
  );
  if (asks.length <= SHOWN_OPEN) return lines;
  const title = <span class="cdx-title">{count(asks.length, 'decision')}</span>;
  return (
    <div class="cdx-decisions">
      <Fold open={false} name="decisions" summary={title}>
        {lines}
      </Fold>
    </div>
  );
}
