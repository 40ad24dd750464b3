// How long something took, or has been going on. Ticks by the kernel's clock while it goes on.

import { duration } from '../core/format.ts';
import { useNow } from './use-now.ts';
import { useStore } from './use-store.ts';

interface ElapsedProps {
  from: number | null;
  to: number | null;
  /** How long it took in milliseconds, by whoever did it; goes before our own clock. */
  told?: number | null | undefined;
  /** Whether it goes on; what stopped without an end has no duration. */
  ticking: boolean;
}

export function Elapsed({ from, to, told = null, ticking }: ElapsedProps) {
  const store = useStore();
  const now = useNow(ticking && from !== null);
  if (ticking && from !== null && to === null) {
    return <span class="cdx-time">{duration(now - store.state.skew - from, false)}</span>;
  }
  const seconds = told !== null ? told / 1000 : from !== null && to !== null ? to - from : 0;
  // Some items are only ever reported whole; that they took no time is not worth saying.
  if (seconds < 0.05) return null;
  return <span class="cdx-time">{duration(seconds)}</span>;
}
