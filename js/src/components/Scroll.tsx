// A box that scrolls inside a card. It follows its end where the end is what matters.

import type { ComponentChildren } from 'preact';
import { keepKeys } from './keys.ts';
import { useFollow } from './use-follow.ts';

interface ScrollProps {
  /** What is in it, for screen readers. */
  label: string;
  fromEnd?: boolean;
  children: ComponentChildren;
}

export function Scroll({ label, fromEnd = false, children }: ScrollProps) {
  const { box, content, onScroll } = useFollow(fromEnd);
  return (
    <div
      class="cdx-scroll"
      ref={box}
      onScroll={onScroll}
      onFocus={keepKeys}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      role="group"
      aria-label={label}
    >
      <div ref={content}>{children}</div>
    </div>
  );
}
