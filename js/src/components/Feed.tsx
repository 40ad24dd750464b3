// The cards in their order. While the turn runs, the feed keeps to a part of the screen and follows
// the newest line, so that the status and the Stop button stay in reach above it. Of a long turn only
// the last cards are in the page, and the others on request.

import { useState } from 'preact/hooks';
import { count } from '../core/format.ts';
import { isOver } from '../core/store.ts';
import { CardView } from './CardView.tsx';
import { Icon } from './Icon.tsx';
import { keepKeys } from './keys.ts';
import { useFollow } from './use-follow.ts';
import { useSelect } from './use-store.ts';
import { useWindow } from './use-window.ts';

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
  const { first, next, showMore } = useWindow(ids.length, bounded && following, box);
  // What opens under a click must not scroll away from it.
  const onClick = (event: MouseEvent) => {
    if ((event.target as Element).closest('summary, button')) hold();
  };
  const onMore = () => {
    // Before it bubbles up to `onClick`: Preact may draw in between, and let the old cards go again.
    hold();
    showMore(box.current?.querySelector('article') ?? null);
    // The button goes with the last of them, and would take the focus along.
    if (next === first) box.current?.focus({ preventScroll: true });
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
        tabIndex={bounded ? 0 : -1}
      >
        <div ref={content}>
          {first > 0 && (
            <button type="button" class="cdx-more cdx-earlier" onClick={onMore}>
              {`Show ${count(next, 'earlier step')}${next < first ? ` of ${first}` : ''}`}
            </button>
          )}
          {ids.slice(first).map((id, at) => (
            <CardView key={id} at={first + at} />
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
