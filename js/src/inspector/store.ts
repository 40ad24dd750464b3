// The inspector's state on this side: the list, the turn that was chosen, what a search found, and a
// `TurnStore` for each turn that was looked at. Knows the protocol and no model, no DOM, no clock.

import { type Surroundings, TurnStore } from '../core/store.ts';
import { hasEnded, type ToKernel } from '../core/types.ts';
import type { Ask, Chapter, Contents, FromKept, Reply, ToKept } from './types.ts';

export interface Inspected extends Contents {
  /** Whether the kernel has said anything yet. */
  heard: boolean;
  chosen: string | null;
  query: string;
  /** The turns that a search found; null for all. */
  found: ReadonlySet<string> | null;
  /** The groups of steps that are shown, from turn to turn; none for all. */
  only: ReadonlySet<string>;
  /** Why the chosen turn cannot be shown. */
  fault: string | null;
  gone: boolean;
}

export class InspectorStore {
  state: Inspected = {
    ...{ title: '', reading: true, error: null, note: null, closes: false, turns: [] },
    ...{ heard: false, chosen: null, query: '', found: null, fault: null, gone: false },
    only: new Set(),
  };
  readonly #stores = new Map<string, TurnStore>();
  readonly #watchers = new Set<() => void>();
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #ref = 0;
  #drawing = false;

  constructor(
    private readonly outside: Omit<Surroundings, 'send'> & { send: (message: ToKept) => void },
  ) {}

  hello(): void {
    this.outside.send({ op: 'hello' });
  }

  /** Has the kernel read the turns again. */
  again(): void {
    this.outside.send({ op: 'turns' });
  }

  close(): void {
    this.outside.send({ op: 'close' });
  }

  /** The turns that are listed: all, or those that were found. */
  get listed(): readonly Chapter[] {
    const { turns, found } = this.state;
    return found ? turns.filter((turn) => found.has(turn.key)) : turns;
  }

  /** The chosen turn, once it has come. */
  get turn(): TurnStore | undefined {
    return this.#stores.get(this.state.chosen ?? '');
  }

  choose(key: string): void {
    if (key === this.state.chosen && !this.state.fault) return;
    this.#change({ chosen: key, fault: null });
    if (!this.#stores.has(key)) void this.#load(key);
  }

  /** Shows the steps of a group alone, with those of others that are shown so; or no more. */
  filter(group: string): void {
    const only = new Set(this.state.only);
    if (!only.delete(group)) only.add(group);
    this.#change({ only });
  }

  async search(query: string): Promise<void> {
    this.#change({ query });
    if (!query.trim()) {
      this.#change({ found: null });
      return;
    }
    const { keys } = await this.ask({ op: 'search', text: query });
    // An answer to what is no longer asked says nothing.
    if (keys && this.state.query === query) this.#change({ found: new Set(keys) });
  }

  /** Something done to a turn: its reply says whether it was. */
  ask(message: Ask): Promise<Reply> {
    const ref = ++this.#ref;
    return new Promise((resolve) => {
      this.#waiting.set(ref, resolve);
      this.outside.send({ ...message, ref });
    });
  }

  receive(message: FromKept): void {
    if ('key' in message) this.#stores.get(message.key)?.receive(message);
    else if (message.op === 'turns') this.#list(message);
    else {
      this.#waiting.get(message.ref)?.(message);
      this.#waiting.delete(message.ref);
    }
  }

  /** The channel closed; a later message would prove that wrong. */
  lost(): void {
    for (const store of this.#stores.values()) store.lost();
    this.#change({ gone: true });
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #list({ op: _, ...contents }: Extract<FromKept, { op: 'turns' }>): void {
    const { chosen, query } = this.state;
    const { turns } = contents;
    this.#change({ ...contents, heard: true, gone: false });
    const last = turns.at(-1);
    if (last && !turns.some((turn) => turn.key === chosen)) this.choose(last.key);
    if (query) void this.search(query);
    for (const turn of turns) {
      // One that was lost on its way here is asked for once more.
      const store = this.#stores.get(turn.key);
      const missed = store && hasEnded(turn.status) && !hasEnded(store.state.view.header.status);
      if (missed) this.outside.send({ op: 'resync', key: turn.key, have: store.state.seq });
    }
  }

  async #load(key: string): Promise<void> {
    const { view, seq = 1, at = this.outside.now(), error } = await this.ask({ op: 'turn', key });
    if (view) {
      const send = (message: ToKernel) => this.outside.send({ ...message, key });
      const store = new TurnStore({ ...this.outside, send });
      this.#stores.set(key, store);
      store.receive({ op: 'snapshot', seq, at, view });
    }
    this.#change(this.state.chosen === key ? { fault: error } : {});
  }

  #change(part: Partial<Inspected>): void {
    this.state = { ...this.state, ...part };
    if (this.#drawing) return;
    this.#drawing = true;
    this.outside.schedule(() => {
      this.#drawing = false;
      for (const watcher of this.#watchers) watcher();
    });
  }
}
