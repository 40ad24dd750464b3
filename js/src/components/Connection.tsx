// One line about the way to the kernel, while something is wrong with it: clicks do not arrive there,
// or nothing has come from it. That the kernel is gone is said in the status line.

import { isDeaf, isOver, staleFor } from '../core/store.ts';
import { Icon } from './Icon.tsx';
import { useNow } from './use-now.ts';
import { useSelect, useStore } from './use-store.ts';

export function Connection() {
  return useSelect(isOver) ? null : <Trouble />;
}

function Trouble() {
  const store = useStore();
  const now = useNow(true);
  const stale = useSelect((state) => staleFor(state, Math.max(now, store.now())));
  const deaf = useSelect((state) => isDeaf(state, Math.max(now, store.now())));
  return (
    <>
      {stale > 0 && (
        <p class="cdx-connection cdx-stale">
          <Icon name="unplugged" />
          <span>
            <span role="status">not connected</span> for {stale}s; what is shown may be old
          </span>
        </p>
      )}
      {deaf && (
        <p class="cdx-connection cdx-deaf" role="status">
          <Icon name="warning" />
          <span>
            This notebook does not pass clicks on while a cell runs. To stop, interrupt the kernel
            with the notebook’s own button. What runs with <code>--bg</code> also hears another
            cell: <code>%codex approve</code>, <code>%codex deny</code>, <code>%codex steer …</code>
            , <code>%codex stop</code>.
          </span>
        </p>
      )}
    </>
  );
}
