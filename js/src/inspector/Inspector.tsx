// The inspector: the turns of a thread on one side, the chosen one on the other.

import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import { panelKeys } from '../components/focus.ts';
import { Icon } from '../components/Icon.tsx';
import { visible } from '../core/plain.ts';
import { Chosen } from './Chosen.tsx';
import type { InspectorStore } from './store.ts';
import { Turns } from './Turns.tsx';
import { UsageChart } from './UsageChart.tsx';

export function Inspector({ store }: { store: InspectorStore }) {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useLayoutEffect(() => {
    redraw(0);
    return store.watch(() => redraw(0));
  }, [store]);
  const root = useRef<HTMLDivElement>(null);
  const { title, turns, reading, error, note, gone, heard, chosen, closes } = store.state;
  const find = (selector: string) => root.current?.querySelector<HTMLElement>(selector);
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.defaultPrevented) return;
    panelKeys(event);
    const typing = (event.target as Element).matches('input, textarea');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    find('.cdx-find')?.focus();
  };
  const at = turns.findIndex((turn) => turn.key === chosen);
  const turn = turns[at];
  return (
    <div
      class="cdx-panel cdx-inspector"
      ref={root}
      role="group"
      aria-label="Codex turns"
      data-lm-suppress-shortcuts="true"
      onKeyDown={onKeyDown}
    >
      <div class="cdx-status">
        <strong class="cdx-heading">{visible(title)}</strong>
        <span role="status">{reading && !gone ? 'Reading…' : ''}</span>
        {closes && !gone && (
          <button
            type="button"
            class="cdx-tool"
            title="Close, and leave the list in the notebook"
            onClick={() => store.close()}
          >
            Close
          </button>
        )}
      </div>
      {gone && (
        <Callout tone="warning" text="The kernel has gone; what was opened can still be read." />
      )}
      {note && <Callout tone="note" text={note} />}
      {error && (
        <Callout tone="error" text={error}>
          <button type="button" class="cdx-tool" onClick={() => store.again()}>
            Read again
          </button>
        </Callout>
      )}
      {turns.length > 0 ? (
        <div class={turns.length > 1 ? 'cdx-sides' : 'cdx-sides cdx-one'}>
          {turns.length > 1 && (
            <div class="cdx-side">
              <Turns store={store} open={() => find('.cdx-chosen')?.focus()} />
              <UsageChart turns={turns} chosen={at} choose={(key) => store.choose(key)} />
            </div>
          )}
          {turn && <Chosen key={turn.key} store={store} turn={turn} number={at + 1} />}
        </div>
      ) : (
        <p class="cdx-empty">
          {!heard || reading
            ? 'Reading the turns…'
            : error
              ? ''
              : 'This thread has had no turn yet.'}
        </p>
      )}
    </div>
  );
}

interface CalloutProps {
  tone: 'note' | 'warning' | 'error';
  text: string;
  children?: preact.ComponentChildren;
}

function Callout({ tone, text, children }: CalloutProps) {
  return (
    <div class={`cdx-callout cdx-callout-${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
      <Icon name={tone === 'note' ? 'check' : tone === 'error' ? 'cross' : 'warning'} />
      <span class="cdx-callout-text">{visible(text)}</span>
      {children}
    </div>
  );
}
