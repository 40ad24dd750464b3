// A clock for what ticks on the screen. Knows this machine's time only; the kernel's time is
// `now - skew` (see `core/store.ts`).

import { useEffect, useState } from 'preact/hooks';
import { useStore } from './use-store.ts';

/** Seconds since the epoch, redrawn once a second while `ticking`. */
export function useNow(ticking: boolean): number {
  const store = useStore();
  const [, setTime] = useState(0);
  useEffect(() => {
    if (!ticking) return undefined;
    const timer = setInterval(() => setTime(store.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking, store]);
  return store.now();
}
