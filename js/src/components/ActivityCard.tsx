// Something else that happened in the turn: one quiet line.

import type { Tone } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import type { ActivityCard as Activity } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';

export function ActivityCard({ card, tone }: { card: Activity; tone: Tone }) {
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="dots"
      title={<span class="cdx-quiet">{plainTerminal(card.label)}</span>}
    />
  );
}
