// How components read the store: each names the part it shows and is redrawn when that part changes.
// Knows the store's `watch` and nothing of the protocol behind it.

import { createContext } from 'preact';
import { useContext, useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import type { PanelState, TurnStore } from '../core/store.ts';

export const StoreContext = createContext<TurnStore | null>(null);

export function useStore(): TurnStore {
  const store = useContext(StoreContext);
  if (!store) throw new Error('A component of the panel was used outside of it.');
  return store;
}

/** The part of the state that `select` names; `same` says when a new part needs no redrawing. */
export function useSelect<T>(
  select: (state: PanelState) => T,
  same: (a: T, b: T) => boolean = Object.is,
): T {
  const store = useStore();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const part = select(store.state);
  const shown = useRef({ part, select, same });
  shown.current = { part, select, same };
  useLayoutEffect(() => {
    const look = () => {
      const { part, select, same } = shown.current;
      if (!same(select(store.state), part)) redraw(0);
    };
    // A change may have come between drawing and this effect.
    look();
    return store.watch(look);
  }, [store]);
  return part;
}
