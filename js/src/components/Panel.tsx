// The panel of one turn: status, notices, cards, why it failed if it did, what waits for the reader,
// and a box to say something.

import type { TurnStore } from '../core/store.ts';
import { Asks } from './asks/Asks.tsx';
import { Connection } from './Connection.tsx';
import { Failure } from './Failure.tsx';
import { Feed } from './Feed.tsx';
import { panelKeys } from './focus.ts';
import { Notices } from './Notices.tsx';
import { StatusLine } from './StatusLine.tsx';
import { Steer } from './Steer.tsx';
import { StoreContext } from './use-store.ts';

export function Panel({ store }: { store: TurnStore }) {
  return (
    <StoreContext.Provider value={store}>
      <div
        class="cdx-panel"
        role="group"
        aria-label="Codex turn"
        data-lm-suppress-shortcuts="true"
        onKeyDown={panelKeys}
      >
        <StatusLine />
        <Connection />
        <Notices />
        <Feed />
        <Failure />
        <Asks />
        <Steer />
      </div>
    </StoreContext.Provider>
  );
}
