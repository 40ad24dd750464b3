// The list of turns and its search box. Arrows move through the list, Enter goes to the turn.

import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from '../components/Icon.tsx';
import { duration, tokens } from '../core/format.ts';
import { visible } from '../core/plain.ts';
import { deeds } from './kinds.ts';
import type { InspectorStore } from './store.ts';
import type { Chapter } from './types.ts';

const MARKS: Record<Chapter['status'], { icon: IconName; tone: string }> = {
  pending: { icon: 'spinner', tone: 'running' },
  running: { icon: 'spinner', tone: 'running' },
  completed: { icon: 'check', tone: 'done' },
  interrupted: { icon: 'stop', tone: 'declined' },
  failed: { icon: 'cross', tone: 'failed' },
};

export function Turns({ store, open }: { store: InspectorStore; open: () => void }) {
  const { chosen, query, found, turns } = store.state;
  const { listed } = store;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const list = box.current;
    const row = list?.querySelector<HTMLElement>('[aria-selected=true]');
    if (!list || !row) return;
    // Not `scrollIntoView`, which would scroll the notebook, too.
    const top = row.offsetTop - list.offsetTop;
    const low = top + row.offsetHeight - list.clientHeight;
    list.scrollTop = Math.min(Math.max(list.scrollTop, low), top);
  }, [chosen, listed.length]);

  const move = (event: KeyboardEvent, inSearch = false) => {
    const at = listed.findIndex((turn) => turn.key === chosen);
    const ends: Record<string, number> = inSearch ? {} : { Home: 0, End: listed.length - 1 };
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1 };
    const to = steps[event.key] ?? ends[event.key];
    if (event.key === 'Enter' && at >= 0) open();
    else if (event.key === 'Escape' && query) void store.search('');
    else if (to === undefined) return;
    else if (listed[to]) store.choose(listed[to].key);
    event.preventDefault();
  };
  return (
    <>
      <label class="cdx-search">
        <Icon name="search" />
        <input
          class="cdx-find"
          type="search"
          value={query}
          placeholder="Search the turns  ( / )"
          aria-label="Search prompts, answers, commands and files"
          onInput={(event) => void store.search(event.currentTarget.value)}
          onKeyDown={(event) => move(event, true)}
        />
      </label>
      <span class="cdx-sr" role="status">
        {found ? `${listed.length} of ${turns.length} turns found` : ''}
      </span>
      {listed.length > 0 ? (
        <div
          class="cdx-turns"
          ref={box}
          role="listbox"
          aria-label="Turns"
          tabIndex={0}
          aria-activedescendant={chosen ? id + chosen : undefined}
          onKeyDown={(event) => move(event)}
        >
          {listed.map((turn) => (
            <Row
              key={turn.key}
              id={id + turn.key}
              turn={turn}
              number={turns.indexOf(turn) + 1}
              chosen={turn.key === chosen}
              choose={() => store.choose(turn.key)}
            />
          ))}
        </div>
      ) : (
        <p class="cdx-empty cdx-turns">No turn has these words.</p>
      )}
    </>
  );
}

interface RowProps {
  id: string;
  turn: Chapter;
  number: number;
  chosen: boolean;
  choose: () => void;
}

function Row({ id, turn, number, chosen, choose }: RowProps) {
  const { status, prompt, started_at, ended_at, usage } = turn;
  const { icon, tone } = MARKS[status] ?? MARKS.failed;
  const facts = [
    started_at === null ? '' : when(started_at),
    started_at === null || ended_at === null ? '' : duration(ended_at - started_at),
    usage ? `↑${tokens(usage.input_tokens)} ↓${tokens(usage.output_tokens)}` : '',
    ...deeds(turn.counts),
  ];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the listbox has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the listbox has the focus
    <div id={id} class="cdx-turn" role="option" aria-selected={chosen} onClick={choose}>
      <span class={`cdx-is-${tone}`}>
        <Icon name={icon} />
        <span class="cdx-sr">{status}</span>
      </span>
      <span class="cdx-asked">
        {number}. {visible(prompt) || 'Without a prompt'}
      </span>
      <span class="cdx-facts">{facts.filter(Boolean).map(unbroken).join(' · ')}</span>
    </div>
  );
}

function unbroken(fact: string): string {
  return fact.replaceAll(' ', '\u00a0');
}

/** The time of day; of another day its date. */
function when(seconds: number): string {
  const at = new Date(seconds * 1000);
  const today = at.toDateString() === new Date().toDateString();
  return today
    ? at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : at.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' });
}
