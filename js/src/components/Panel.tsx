// The panel of one turn: status, notices, cards, why it failed if it did, what waits for the reader,
// and a box to say something.

import { plainTerminal } from '../core/plain.ts';
import { isOver, type TurnStore } from '../core/store.ts';
import { Asks } from './asks/Asks.tsx';
import { Connection } from './Connection.tsx';
import { Feed } from './Feed.tsx';
import { panelKeys } from './focus.ts';
import { Icon } from './Icon.tsx';
import { Notices } from './Notices.tsx';
import { StatusLine } from './StatusLine.tsx';
import { Steer } from './Steer.tsx';
import { StoreContext, useSelect } from './use-store.ts';

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

function Failure() {
  const error = useSelect((state) => state.view.header.error);
  const over = useSelect(isOver);
  if (!error) return null;
  // Before the end it is the CLI's latest complaint, from which it may yet recover.
  return (
    <div class={`cdx-callout cdx-callout-${over ? 'error' : 'warning'}`} role="alert">
      <Icon name={over ? 'cross' : 'warning'} />
      <span class="cdx-callout-text">{plainTerminal(error)}</span>
    </div>
  );
}
