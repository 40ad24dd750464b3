// A warning or an error that did not end the turn.

import { plainTerminal } from '../core/plain.ts';
import type { ErrorCard as Warning } from '../core/types.ts';
import { Icon } from './Icon.tsx';

export function ErrorCard({ card }: { card: Warning }) {
  return (
    <div class="cdx-callout cdx-callout-warning">
      <Icon name="warning" />
      <span class="cdx-sr">Warning: </span>
      <span class="cdx-callout-text">{plainTerminal(card.message)}</span>
    </div>
  );
}
