// When a step ran within its turn, as a slim bar: a small timeline along the cards.

import { useNow } from '../components/use-now.ts';
import { useSelect, useStore } from '../components/use-store.ts';
import { duration } from '../core/format.ts';
import { isOver } from '../core/store.ts';
import type { Card, View } from '../core/types.ts';

/** From when to when a turn went, in seconds since the epoch; `to` is null while it runs. */
export interface Span {
  from: number;
  to: number | null;
}

/** Null where nobody was there: the CLI does not keep when its items began. */
export function spanOf({ header, cards }: View): Span | null {
  const from = header.started_at;
  if (from === null || !cards.some((card) => card.started_at !== null)) return null;
  return { from, to: header.ended_at };
}

export function Timing({ at, span }: { at: number; span: Span }) {
  const store = useStore();
  const over = useSelect(isOver);
  const card = useSelect((state) => state.view.cards[at]) as Card;
  const now = useNow(!over) - store.state.skew;
  const end = span.to ?? now;
  const began = card.started_at;
  if (began === null) return <span class="cdx-when" />;
  const ended = card.ended_at ?? (over ? began : now);
  const whole = Math.max(end - span.from, 0.001);
  const part = (seconds: number) => Math.min(1, Math.max(0, seconds / whole)) * 100;
  const told = `${duration(began - span.from)} into the turn, for ${duration(ended - began)}`;
  return (
    <span class="cdx-when" title={told}>
      <span class="cdx-sr">{told}</span>
      <span
        class="cdx-span"
        // Seen at the very end, too.
        style={{
          left: `min(${part(began - span.from)}%, 100% - 4px)`,
          width: `${part(ended - began)}%`,
        }}
      />
    </span>
  );
}
