// Which cards stand open by themselves: what runs, what failed and what is short; the rest is a
// line. The reader's own folding goes before it (see `components/Fold.tsx`).

import type { Card, FileChange } from './types.ts';

// About half a screen: a diff that one takes in at a glance.
const SMALL_DIFF = 24;

/** How a card stands, in the one word that its icon and colour come from. */
export type Tone = 'running' | 'done' | 'failed' | 'declined' | 'lost' | 'other';

/** `over`: the turn has ended, so what still says that it runs never told its end. */
export function toneOf(card: Pick<Card, 'status'>, over: boolean): Tone {
  switch (card.status) {
    case 'in_progress':
      return over ? 'lost' : 'running';
    case 'completed':
      return 'done';
    case 'failed':
    case 'declined':
      return card.status;
    default:
      return 'other';
  }
}

export function opensByItself(tone: Tone): boolean {
  return tone === 'running' || tone === 'failed';
}

export function diffOpensByItself(change: FileChange, files: number): boolean {
  return files <= 3 && change.added + change.removed <= SMALL_DIFF;
}
