// Which cards stand open by themselves: what runs, what failed and what is short; the rest is a
// line. The reader's own folding goes before it.

import type { Card, FileChange } from './types.ts';

// About half a screen: a diff that one takes in at a glance.
const SMALL_DIFF = 24;

/** How a card stands, in the one word that its icon and colour come from. */
export type Tone = 'running' | 'waiting' | 'done' | 'failed' | 'declined' | 'lost' | 'other';

/**
 * `over`: the turn has ended, so what still says that it runs never told its end. `asked`: it has
 * not begun, but waits for somebody's leave.
 */
export function toneOf(card: Pick<Card, 'status'>, over: boolean, asked = false): Tone {
  switch (card.status) {
    case 'in_progress':
      return over ? 'lost' : asked ? 'waiting' : 'running';
    case 'completed':
      return 'done';
    case 'failed':
    case 'declined':
      return card.status;
    default:
      return 'other';
  }
}

export function opensByItself(tone: Tone): boolean {
  return tone === 'running' || tone === 'failed';
}

export function diffOpensByItself(change: FileChange, files: number): boolean {
  return files <= 3 && change.added + change.removed <= SMALL_DIFF;
}

/** What the reader folded and unfolded by hand, one row or all; outlives the rows on the page. */
export class Choices {
  /** What was last chosen for all rows at once. */
  all: boolean | null = null;
  readonly #rows = new Map<string, boolean>();
  readonly #watchers = new Set<() => void>();

  /** How the row of this name is to stand, if anybody said. */
  of(row: string): boolean | null {
    return this.#rows.get(row) ?? this.all;
  }

  choose(row: string, open: boolean): void {
    this.#rows.set(row, open);
    this.#tell();
  }

  chooseAll(open: boolean): void {
    this.all = open;
    this.#rows.clear();
    this.#tell();
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
