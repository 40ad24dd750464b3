// The chosen turn: what can be done with it, how it stands, which kinds of steps to show, the steps.

import { useState } from 'preact/hooks';
import { Asks } from '../components/asks/Asks.tsx';
import { CardView } from '../components/CardView.tsx';
import { Connection } from '../components/Connection.tsx';
import { Copy } from '../components/Copy.tsx';
import { Failure } from '../components/Failure.tsx';
import { Icon } from '../components/Icon.tsx';
import { Notices } from '../components/Notices.tsx';
import { Scroll } from '../components/Scroll.tsx';
import { StatusLine } from '../components/StatusLine.tsx';
import { Steer } from '../components/Steer.tsx';
import { StoreContext, useSelect } from '../components/use-store.ts';
import { visible } from '../core/plain.ts';
import type { Card } from '../core/types.ts';
import { groupOf, tally } from './kinds.ts';
import type { InspectorStore } from './store.ts';
import { spanOf, Timing } from './Timing.tsx';
import type { Chapter } from './types.ts';

interface ChosenProps {
  store: InspectorStore;
  turn: Chapter;
  number: number;
}

export function Chosen({ store, turn, number }: ChosenProps) {
  const { fault, gone } = store.state;
  const shown = store.turn;
  return (
    <div class="cdx-chosen" role="group" aria-label={`Turn ${number}`} tabIndex={-1}>
      {!gone && <Actions store={store} turn={turn} number={number} />}
      {fault && <p class="cdx-empty cdx-is-failed">{visible(fault)}</p>}
      {shown ? (
        <StoreContext.Provider value={shown}>
          <Asked />
          <StatusLine />
          <Connection />
          <Notices />
          <Failure />
          <Steps store={store} />
          <Asks />
          <Steer />
        </StoreContext.Provider>
      ) : (
        !fault && <p class="cdx-empty">{gone ? 'It was not opened.' : 'Opening…'}</p>
      )}
    </div>
  );
}

function Asked() {
  const prompt = useSelect((state) => state.view.header.prompt);
  return (
    <div class="cdx-prompt">
      <Scroll label="Prompt">{visible(prompt) || 'Without a prompt'}</Scroll>
    </div>
  );
}

function Actions({ store, turn: { key, forks }, number }: ChosenProps) {
  const [said, say] = useState('');
  const ask = async (op: 'fork' | 'markdown') => {
    const { error, text = '' } = await store.ask({ op, key });
    say(error ?? '');
    return text;
  };
  const fork = () => {
    say('Forking…');
    void ask('fork');
  };
  return (
    <div class="cdx-actions">
      <strong>Turn {number}</strong>
      <span class="cdx-outcome" role="status">
        {visible(said)}
      </span>
      <Copy label="Copy as markdown" text={() => ask('markdown')} />
      {forks && (
        <button
          type="button"
          class="cdx-tool"
          title="A new thread that ends with this turn"
          onClick={fork}
        >
          <Icon name="fork" />
          Fork here
        </button>
      )}
    </div>
  );
}

function Steps({ store }: { store: InspectorStore }) {
  const cards = useSelect((state) => state.view.cards, alike);
  const span = useSelect(
    (state) => spanOf(state.view),
    (a, b) => a?.from === b?.from && a?.to === b?.to,
  );
  const { only } = store.state;
  const counts: Record<string, number> = {};
  for (const { kind } of cards) counts[kind] = (counts[kind] ?? 0) + 1;
  const tallied = tally(counts);
  // What this turn has none of cannot be unticked here, so it filters nothing.
  const active = tallied.some(([group]) => only.has(group));
  return (
    <>
      {tallied.length > 1 && (
        <fieldset class="cdx-chips">
          <legend class="cdx-sr">Show only</legend>
          {tallied.map(([group, n]) => (
            <label key={group} class="cdx-chip">
              <input
                type="checkbox"
                checked={only.has(group)}
                onChange={() => store.filter(group)}
              />
              {group} <span class="cdx-count">{n}</span>
            </label>
          ))}
        </fieldset>
      )}
      {cards.length === 0 && <p class="cdx-empty">No step.</p>}
      <div class={span ? 'cdx-steps cdx-timed' : 'cdx-steps'}>
        {cards.map(({ kind, id }, at) =>
          !active || only.has(groupOf(kind)) ? (
            <div key={id} class="cdx-step">
              {span && <Timing at={at} span={span} />}
              <CardView at={at} />
            </div>
          ) : null,
        )}
      </div>
    </>
  );
}

/** Whether the same steps stand in the same places, however they have gone on. */
function alike(a: readonly Card[], b: readonly Card[]): boolean {
  return (
    a.length === b.length && a.every(({ id, kind }, at) => id === b[at]?.id && kind === b[at].kind)
  );
}
