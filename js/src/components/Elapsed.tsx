// How long something took, or has been going on. Ticks by the kernel's clock while it goes on.

import { duration } from '../core/format.ts';
import { useNow } from './use-now.ts';
import { useStore } from './use-store.ts';

interface ElapsedProps {
  from: number | null;
  to: number | null;
  /** Whether it goes on; what stopped without an end has no duration. */
  ticking: boolean;
}

export function Elapsed({ from, to, ticking }: ElapsedProps) {
  const store = useStore();
  const now = useNow(ticking && from !== null);
  if (from === null || (to === null && !ticking)) return null;
  const seconds = to === null ? now - store.state.skew - from : to - from;
  // Some items are only ever reported whole; that they took no time is not worth saying.
  if (to !== null && seconds < 0.05) return null;
  return <span class="cdx-time">{duration(seconds, to !== null)}</span>;
}
