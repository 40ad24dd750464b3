// How diffs are laid out: the reader's choice for all of them, kept as long as the page; and whether
// there is room for it.

import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

// A box this wide leaves each side some forty characters.
const ROOM = 640;

let chosen = false;
const watchers = new Set<() => void>();

/** Whether the box is wide enough, whether side by side was chosen, and how to choose otherwise. */
export function useSideBySide(box: RefObject<HTMLElement | null>) {
  const [room, setRoom] = useState(false);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(([entry]) =>
      setRoom(!!entry && entry.contentRect.width >= ROOM),
    );
    if (box.current) watcher.observe(box.current);
    const changed = () => redraw(0);
    watchers.add(changed);
    return () => {
      watcher.disconnect();
      watchers.delete(changed);
    };
  }, [box]);
  const choose = (to: boolean) => {
    chosen = to;
    for (const changed of watchers) changed();
  };
  return { room, chosen, choose };
}
