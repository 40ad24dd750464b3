// What the agent asked: what waits for the reader, always in view below the cards, and what was
// settled, in lines. An ask goes from one to the other because the kernel says that it is settled.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { askSubject, askTitle } from '../../core/ask-words.ts';
import type { Ask } from '../../core/asks.ts';
import { exact } from '../../core/exact.ts';
import { isOver } from '../../core/store.ts';
import { visit } from '../focus.ts';
import { Guard } from '../Guard.tsx';
import { Icon } from '../Icon.tsx';
import { CardContext } from '../use-choices.ts';
import { useSelect } from '../use-store.ts';
import { AnswerForm } from './AnswerForm.tsx';
import { Buttons } from './Buttons.tsx';
import { Settled } from './Settled.tsx';
import { Subject } from './Subject.tsx';

export function Asks() {
  const asks = useSelect((state) => state.view.asks);
  const over = useSelect(isOver);
  const waiting = over ? [] : asks.filter((ask) => ask.decision === null);
  const settled = asks.filter((ask) => ask.decision !== null);
  return (
    <>
      <Settled asks={settled} />
      <Announcement asks={waiting} />
      {waiting.length > 0 && (
        <section class="cdx-dock" aria-label="Waiting for you" aria-keyshortcuts="Alt+A">
          {waiting.map((ask) => (
            <Waiting key={ask.id} ask={ask} />
          ))}
        </section>
      )}
    </>
  );
}

/** Reads each new ask out once; the focus stays where the reader is. */
function Announcement({ asks }: { asks: readonly Ask[] }) {
  const known = useRef(new Set<string>());
  const [words, say] = useState('');
  useLayoutEffect(() => {
    const fresh = asks.filter(({ id }) => !known.current.has(id));
    for (const { id } of fresh) known.current.add(id);
    if (fresh.length) {
      say(fresh.map((ask) => `${askTitle(ask)} ${askSubject(ask)}`).join('. '));
    } else if (!asks.length) say('');
  }, [asks]);
  return (
    <div class="cdx-sr" role="alert">
      {words}
    </div>
  );
}

function Waiting({ ask }: { ask: Ask }) {
  const box = useRef<HTMLDivElement>(null);
  const own = useSelect((state) => state.view.header.thread_id);
  useLayoutEffect(() => {
    const self = box.current;
    const panel = self?.closest<HTMLElement>('.cdx-panel');
    return () => {
      // Whoever was at a button of this ask goes on at the next, or stays in the panel.
      if (!panel || !self?.contains((self.getRootNode() as Document).activeElement)) return;
      const others = [...panel.querySelectorAll<HTMLElement>('.cdx-ask')];
      visit(others.find((other) => other !== self) ?? panel);
    };
  }, []);
  const input = ask.decisions.length === 0;
  return (
    <div class="cdx-ask" ref={box} role="group" aria-label={askTitle(ask)}>
      <div class="cdx-ask-title">
        <Icon name={input ? 'question' : 'shield'} />
        <strong>{askTitle(ask)}</strong>
        {ask.thread_id !== null && ask.thread_id !== own && (
          <span class="cdx-badge">
            <Icon name="agent" />
            asked by a sub-agent
          </span>
        )}
      </div>
      <Guard>
        {/* Rows are told apart by it. */}
        <CardContext.Provider value={ask.id}>
          {ask.reason && <p class="cdx-why">{exact(ask.reason)}</p>}
          <Subject ask={ask} />
          {input ? <AnswerForm ask={ask} /> : <Buttons ask={ask} />}
        </CardContext.Provider>
      </Guard>
    </div>
  );
}
