// What the tests share: a model as anywidget gives it, views and cards in few words, and the folder
// of recorded turns. Knows the panel only through its public door, `widget.ts`.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, vi } from 'vitest';
import type { Ask } from '../src/core/asks.ts';
import { Text } from '../src/core/text.ts';
import {
  type Card,
  EMPTY_VIEW,
  type FromKernel,
  type Header,
  type View,
} from '../src/core/types.ts';
import type { Face } from '../src/loader.ts';
import start from '../src/widget.ts';

type Handler = (...args: never[]) => void;

/** What anywidget's proxy of a model offers; records what the panel sends. */
export class FakeModel {
  readonly sent: { op: string; have?: number }[] = [];
  readonly handlers = new Map<string, Set<Handler>>();
  readonly save_changes = vi.fn();
  face = 'turn';
  snapshot = '';

  get = (name: string) => (name === 'face' ? this.face : this.snapshot) as never;
  set = vi.fn();
  widget_manager = null as never;

  on = (name: string, handler: Handler) => {
    const known = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, known.add(handler));
  };

  off = (name?: string | null, handler?: Handler | null) => {
    if (name && handler) this.handlers.get(name)?.delete(handler);
  };

  send = (message: { op: string }) => {
    this.sent.push(message);
  };

  emit(name: string, ...args: unknown[]): void {
    for (const handler of this.handlers.get(name) ?? [])
      (handler as (...a: unknown[]) => void)(...args);
  }

  get listeners(): number {
    return [...this.handlers.values()].reduce((sum, known) => sum + known.size, 0);
  }
}

const shown = new Set<() => void>();

afterEach(() => {
  for (const close of shown) close();
  shown.clear();
});

export class Panel {
  readonly model = new FakeModel();
  private face: Face | undefined;
  private seq = 0;

  constructor(snapshot = '') {
    this.model.snapshot = snapshot;
    this.seq = snapshot ? JSON.parse(snapshot).seq : 0;
  }

  initialize(): this {
    this.face = start(this.model);
    return this;
  }

  /** A view in the page, and how to take it away. */
  async show(): Promise<{ el: HTMLElement; close: () => void }> {
    const el = document.createElement('div');
    document.body.append(el);
    if (!this.face) throw new Error('The panel was not initialized');
    const close = this.face.render(el);
    shown.add(close);
    await drawn();
    return { el, close };
  }

  destroy(): void {
    this.face?.close();
  }

  async frame(...ops: Extract<FromKernel, { op: 'frame' }>['ops']): Promise<void> {
    this.seq += 1;
    this.model.emit('msg:custom', { op: 'frame', seq: this.seq, at: Date.now() / 1000, ops });
    await drawn();
  }
}

/** When the panel has drawn: an animation frame, then Preact's own turn, then its effects. */
export async function drawn(): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => setTimeout(resolve, 0));
}

export function header(fields: Partial<Header> = {}): Header {
  return { ...EMPTY_VIEW.header, ...fields };
}

export function snapshot(
  fields: Partial<Header>,
  cards: readonly Card[] = [],
  seq = 1,
  asks: readonly Ask[] = [],
): string {
  return JSON.stringify({
    seq,
    at: Date.now() / 1000,
    view: { header: header(fields), cards, asks },
  });
}

// What a card need not name: how it stands, and what only the live transport fills in.
const STANDS = { status: 'completed', started_at: null, ended_at: null };
const USUAL = {
  ...STANDS,
  phase: null,
  raw_text: '',
  elsewhere: null,
  duration_ms: null,
  images: [],
  agents: [],
  queries: [],
  url: null,
  pattern: null,
};

type Usual = keyof typeof USUAL;
type Fields<C> = Omit<C, 'id' | 'kind' | Usual> & Partial<Pick<C, Usual & keyof C>>;

export function card<K extends Card['kind']>(
  kind: K,
  id: string,
  fields: Fields<Extract<Card, { kind: K }>>,
): Card {
  return { ...USUAL, ...fields, kind, id } as unknown as Card;
}

/** The view as the kernel would write it: all text as strings. */
export function plain(view: View): unknown {
  return JSON.parse(
    JSON.stringify(view, (_, value) => (value instanceof Text ? String(value) : value)),
  );
}

export interface Golden {
  name: string;
  /** Where the frames begin; an empty view where it is missing. */
  snapshot?: { seq: number; at: number; view: View };
  frames: { seq: number; at: number; ops: Extract<FromKernel, { op: 'frame' }>['ops'] }[];
  view: View;
}

/** Every recorded turn that the kernel's tests have written down as frames. */
export function goldens(): Golden[] {
  const folder = join(import.meta.dirname, '../../tests/turns');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.frames.json'))
    .map((name) => ({ name, ...JSON.parse(readFileSync(join(folder, name), 'utf8')) }));
}
