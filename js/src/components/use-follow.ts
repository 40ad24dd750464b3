// Keeps the newest line of a scrolling box in view, unless the reader scrolled away from it.
// Knows boxes, not what is in them.

import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

// Fractions of pixels and zoom leave the end a little out of reach.
const NEAR_END = 12;

export interface Follow {
  /** The box that scrolls, and the box in it that grows. */
  box: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  onScroll: () => void;
  /** Whether the end is in view; a button may offer to go back to it. */
  following: boolean;
  toEnd: () => void;
  /** Stays where it is: the reader is at something here. */
  hold: () => void;
}

export function useFollow(fromEnd: boolean): Follow {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stuck = useRef(fromEnd);
  const [following, setFollowing] = useState(fromEnd);

  const stick = (to: boolean) => {
    stuck.current = to;
    setFollowing(to);
  };
  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
    stick(true);
  };
  const toGo = () => {
    if (!box.current) return 0;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    return scrollHeight - scrollTop - clientHeight;
  };

  useLayoutEffect(() => {
    if (!content.current || !box.current) return undefined;
    const watcher = new ResizeObserver(() => {
      // What has its end in view again, because something folded, follows again.
      if (stuck.current || toGo() < NEAR_END) toEnd();
    });
    watcher.observe(content.current);
    // It gives room to what waits for the reader.
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);

  return {
    box,
    content,
    onScroll: () => stick(toGo() < NEAR_END),
    following,
    toEnd,
    hold: () => stick(false),
  };
}
