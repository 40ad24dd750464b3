// Which of many cards are in the page: the last ones, and as many before them as the reader asked
// for. Knows numbers and boxes, not cards.

import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

const AT_FIRST = 80;
const AT_ONCE = 120;
// Cards leave the page many at a time: each leaving costs a layout of all that stay.
const SLACK = 40;

export interface Window {
  /** The index of the first card in the page. */
  first: number;
  /** How many more the next press brings. */
  next: number;
  /** Brings them, and leaves the given element where it is on the screen. */
  showMore: (still: Element | null) => void;
}

/** `shedding`: the reader is at the newest card, so that old ones may leave the page. */
export function useWindow(
  count: number,
  shedding: boolean,
  box: RefObject<HTMLElement | null>,
): Window {
  const newest = Math.max(0, count - AT_FIRST);
  const [first, setFirst] = useState(newest);
  const kept = useRef<{ element: Element; top: number } | null>(null);
  if (shedding && newest > first + SLACK) setFirst(newest);
  useLayoutEffect(() => {
    if (!kept.current || !box.current) return;
    const { element, top } = kept.current;
    scrollerOf(box.current).scrollTop += element.getBoundingClientRect().top - top;
    kept.current = null;
  }, [first, box]);
  return {
    // A view that was replaced by a shorter one must not be an empty page.
    first: Math.min(first, newest),
    next: Math.min(AT_ONCE, first),
    showMore: (still) => {
      if (still) kept.current = { element: still, top: still.getBoundingClientRect().top };
      setFirst(Math.max(0, first - AT_ONCE));
    },
  };
}

/** The box itself if it scrolls, else what it lies in: the notebook, or the page. */
function scrollerOf(box: HTMLElement): Element {
  for (let at: Element | null = box; at; at = at.parentElement) {
    const scrolls = /auto|scroll/.test(getComputedStyle(at).overflowY);
    if (scrolls && at.scrollHeight > at.clientHeight) return at;
  }
  return document.scrollingElement ?? box;
}
