// Stop. It changes because of what the kernel said, never because of the click; a second press,
// once the first has been heard and has not helped, ends the turn at once.

import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './Icon.tsx';
import { useSelect, useStore } from './use-store.ts';

// The CLI gets this long to stop by itself before the reader is offered more.
const OFFER_MORE_AFTER = 2_000;
// The second press kills: a double click must not count as two.
const DOUBLE_CLICK = 0.7;

export function StopButton() {
  const store = useStore();
  const interrupting = useSelect((state) => state.view.header.interrupting);
  const [waited, setWaited] = useState(false);
  const pressed = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    setWaited(false);
    if (!interrupting) return undefined;
    const timer = setTimeout(() => setWaited(true), OFFER_MORE_AFTER);
    return () => clearTimeout(timer);
  }, [interrupting]);

  const again = interrupting && waited;
  const deaf = interrupting && !again;
  const press = () => {
    const now = store.now();
    if (deaf || now - pressed.current < DOUBLE_CLICK) return;
    pressed.current = now;
    store.interrupt();
  };
  return (
    // Not `disabled`, which would take the focus away from whoever is about to press it again.
    <button type="button" class="cdx-stop" onClick={press} aria-disabled={deaf}>
      <Icon name="stop" />
      {again ? 'Stop now' : interrupting ? 'Stopping…' : 'Stop'}
    </button>
  );
}
