// The cards in their order. While the turn runs, the feed keeps to a part of the screen and follows
// the newest line, so that the status and the Stop button stay in reach above it.

import { useState } from 'preact/hooks';
import { isOver } from '../core/store.ts';
import { CardView } from './CardView.tsx';
import { Icon } from './Icon.tsx';
import { keepKeys } from './keys.ts';
import { useFollow } from './use-follow.ts';
import { useSelect } from './use-store.ts';

export function Feed() {
  const ids = useSelect((state) => state.view.cards.map((card) => card.id), sameIds);
  const over = useSelect(isOver);
  // Once bounded it stays so: a panel that grows at the end would push the page under the reader.
  const [bounded] = useState(!over);
  if (ids.length > 0) return <Cards ids={ids} bounded={bounded} />;
  return over ? null : <p class="cdx-empty">Waiting for the first step…</p>;
}

function Cards({ ids, bounded }: { ids: readonly string[]; bounded: boolean }) {
  const { box, content, onScroll, following, toEnd, hold } = useFollow(bounded);
  // What opens under a click must not scroll away from it.
  const onClick = (event: MouseEvent) => {
    if ((event.target as Element).closest('summary, button')) hold();
  };
  return (
    <div class="cdx-feed">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: summaries and buttons turn keys into clicks */}
      <div
        class={bounded ? 'cdx-cards cdx-cards-bounded' : 'cdx-cards'}
        ref={box}
        onScroll={onScroll}
        onFocus={keepKeys}
        onClick={onClick}
        role="group"
        aria-label="Steps of the turn"
        tabIndex={bounded ? 0 : undefined}
      >
        <div ref={content}>
          {ids.map((id, at) => (
            <CardView key={id} at={at} />
          ))}
        </div>
      </div>
      {bounded && !following && (
        <button type="button" class="cdx-newest" onClick={toEnd}>
          <Icon name="down" />
          Newest
        </button>
      )}
    </div>
  );
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, at) => id === b[at]);
}
