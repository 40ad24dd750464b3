// What the cards of most kinds have in common: one row with an icon, a title, time and status, and a
// body that folds. Knows no kind of card.

import type { ComponentChildren } from 'preact';
import { opensByItself, type Tone } from '../core/folding.ts';
import type { Card } from '../core/types.ts';
import { Elapsed } from './Elapsed.tsx';
import { Fold } from './Fold.tsx';
import { Icon, type IconName } from './Icon.tsx';
import { StatusMark } from './StatusMark.tsx';

/** A line with more characters than this is longer than a row has room for on most screens. */
export const FITS_ROW = 60;

interface CardFrameProps {
  card: Pick<Card, 'status' | 'started_at' | 'ended_at'> & { duration_ms?: number | null };
  tone: Tone;
  icon: IconName;
  title: ComponentChildren;
  /** Remarks beside the title, before the time. */
  meta?: ComponentChildren;
  /** A better word for the status. */
  label?: string | undefined;
  /** Instead of the usual policy. */
  open?: boolean;
  children?: ComponentChildren;
}

export function CardFrame({
  card,
  tone,
  icon,
  title,
  meta,
  label,
  open = opensByItself(tone),
  children,
}: CardFrameProps) {
  const row = (
    <>
      <span class={`cdx-kind cdx-is-${tone}`}>
        <Icon name={icon} />
      </span>
      <span class="cdx-title">{title}</span>
      <span class="cdx-meta">
        {meta}
        <Elapsed
          from={card.started_at}
          to={card.ended_at}
          told={card.duration_ms}
          ticking={tone === 'running'}
        />
        <StatusMark tone={tone} status={card.status} label={label} />
      </span>
    </>
  );
  return (
    <Fold open={open} summary={row}>
      {children}
    </Fold>
  );
}
