// Whether a press would come too soon: what waits has just come, or has moved to where something else
// was. A click meant for what was here a moment ago must not approve what is here now.

import { useEffect, useState } from 'preact/hooks';
import { useSelect } from '../use-store.ts';

const HELD_BACK = 500;

export function useHeldBack(): boolean {
  const waiting = useSelect(({ view }) =>
    view.asks
      .filter((ask) => ask.decision === null)
      .map((ask) => ask.id)
      .join(),
  );
  const [known, setKnown] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setKnown(waiting), HELD_BACK);
    return () => clearTimeout(timer);
  }, [waiting]);
  return known !== waiting;
}
