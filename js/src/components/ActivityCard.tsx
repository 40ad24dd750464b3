// Something else that happened in the turn: one quiet line.

import { toneOf } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import type { ActivityCard as Activity } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';

export function ActivityCard({ card, over }: { card: Activity; over: boolean }) {
  return (
    <CardFrame
      card={card}
      tone={toneOf(card, over)}
      icon="dots"
      title={<span class="cdx-quiet">{plainTerminal(card.label)}</span>}
    />
  );
}
