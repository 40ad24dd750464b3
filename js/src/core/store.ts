// The one place that holds a turn on this side: takes numbered frames, notices gaps, tells views.
// Knows the protocol and no model, no DOM and no clock: sending, time and drawing are handed in.

import { fold } from './fold.ts';
import {
  type Command,
  EMPTY_VIEW,
  type FromKernel,
  hasEnded,
  type ToKernel,
  type View,
} from './types.ts';

// The channel drops messages silently, so the answer to a resync may be lost as well.
const RESYNC_AGAIN_AFTER = 5;
// A kernel that hears a hello answers it at once; these leave it time to be busy, in seconds.
const DEAF_AFTER = 3;
// While a turn runs, the kernel gives a sign of life every five seconds.
const STALE_AFTER = 12;

export interface PanelState {
  view: View;
  /** The number of the last frame folded in. */
  seq: number;
  /** How far this machine's clock is ahead of the kernel's, in seconds. */
  skew: number;
  /** When the turn last changed, by this machine's clock. */
  newsAt: number;
  /** When anything last came from the kernel, by this machine's clock. */
  heardAt: number;
  /** Since when a hello waits for its answer; null if none does. */
  helloAt: number | null;
  /** The kernel went away, and nothing has come from it since. */
  gone: boolean;
}

export interface Surroundings {
  send: (message: ToKernel) => void;
  /** Seconds since the epoch. */
  now: () => number;
  /** Calls back once, when it is time to draw. */
  schedule: (draw: () => void) => void;
}

export class TurnStore {
  state: PanelState;
  readonly #watchers = new Set<() => void>();
  #drawing = false;
  #resyncAt: number | null = null;
  #ref = 0;
  readonly #waiting = new Map<number, (error: string | null) => void>();

  constructor(private readonly outside: Surroundings) {
    const newsAt = outside.now();
    this.state = {
      view: EMPTY_VIEW,
      seq: 0,
      skew: Number.POSITIVE_INFINITY,
      newsAt,
      heardAt: newsAt,
      helloAt: null,
      gone: false,
    };
  }

  now(): number {
    return this.outside.now();
  }

  hello(): void {
    this.#change({ helloAt: this.state.helloAt ?? this.now() });
    this.outside.send({ op: 'hello', have: this.state.seq });
  }

  interrupt(): void {
    this.outside.send({ op: 'interrupt' });
  }

  /** Has something done to the turn; resolves to why it was not, or to null when it was. */
  command(command: Command): Promise<string | null> {
    const ref = ++this.#ref;
    return new Promise((resolve) => {
      this.#waiting.set(ref, resolve);
      this.outside.send({ ...command, ref });
    });
  }

  /** Takes the value of the synced trait: a snapshot as JSON, or "" for none yet. */
  load(json: string): void {
    if (!json) return;
    const { seq, at, view } = JSON.parse(json);
    this.#snapshot(seq, at, view);
  }

  receive(message: FromKernel): void {
    // Frames come whether or not the kernel hears us; only an answer shows that it does.
    const { helloAt } = this.state;
    this.#change({ heardAt: this.now(), helloAt: message.op === 'frame' ? helloAt : null });
    if (message.op === 'frame') this.#frame(message.seq, message.at, message.ops);
    else if (message.op === 'snapshot') this.#snapshot(message.seq, message.at, message.view);
    else if (message.op === 'reply') this.#reply(message.ref, message.error);
  }

  /** The channel closed; a later message would prove that wrong. */
  lost(): void {
    this.#change({ gone: true });
  }

  /** Calls `watcher` at most once per drawing after changes; returns how to stop. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #frame(seq: number, at: number, ops: Parameters<typeof fold>[1]): void {
    const { seq: have, view, newsAt } = this.state;
    if (seq <= have) return;
    const next = seq === have + 1 ? fold(view, ops) : null;
    if (!next) {
      this.#resync();
      return;
    }
    // A frame without operations is a sign of life, not news of the turn.
    const news = ops.length > 0 ? this.now() : newsAt;
    this.#resyncAt = null;
    this.#change({ view: next, seq, newsAt: news, gone: false, skew: this.#skew(at) });
  }

  #snapshot(seq: number, at: number, view: View): void {
    const { seq: have, gone } = this.state;
    const awaited = this.#resyncAt !== null || have === 0;
    if (seq < have || (seq === have && !awaited)) {
      if (gone) this.#change({ gone: false });
      return;
    }
    this.#resyncAt = null;
    this.#change({ view, seq, newsAt: this.now(), gone: false, skew: this.#skew(at) });
  }

  #reply(ref: number, error: string | null): void {
    this.#waiting.get(ref)?.(error);
    this.#waiting.delete(ref);
  }

  #resync(): void {
    const now = this.now();
    if (this.#resyncAt !== null && now - this.#resyncAt < RESYNC_AGAIN_AFTER) return;
    this.#resyncAt = now;
    this.outside.send({ op: 'resync', have: this.state.seq });
  }

  // Every message was late by its way here; the least late one is the best measure of the clocks.
  #skew(at: number): number {
    return Math.min(this.state.skew, this.now() - at);
  }

  #change(part: Partial<PanelState>): void {
    this.state = { ...this.state, ...part };
    if (this.#drawing) return;
    this.#drawing = true;
    this.outside.schedule(() => {
      this.#drawing = false;
      for (const watcher of this.#watchers) watcher();
    });
  }
}

/** Whether nothing more is to be expected of a turn in this state. */
export function isOver(state: PanelState): boolean {
  return state.gone || hasEnded(state.view.header.status);
}

/** Whether what is sent from here seems not to arrive: a hello was not answered. */
export function isDeaf({ helloAt }: PanelState, now: number): boolean {
  return helloAt !== null && now - helloAt > DEAF_AFTER;
}

/** For how many whole seconds a running turn has been without a sign of life; 0 if it has not. */
export function staleFor({ heardAt, view }: PanelState, now: number): number {
  const silent = now - heardAt;
  return view.header.status === 'running' && silent > STALE_AFTER ? Math.floor(silent) : 0;
}
