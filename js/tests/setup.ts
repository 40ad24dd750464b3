// What jsdom lacks: boxes have no size there, so nothing ever resizes.

import { afterEach } from 'vitest';

class NoResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

if (typeof window !== 'undefined') {
  globalThis.ResizeObserver = NoResizeObserver;
  afterEach(() => document.body.replaceChildren());
}
