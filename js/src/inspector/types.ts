// The words that the kernel and the inspector share. The kernel's side of this contract is
// `codex_notebook/notebook/inspector.py`. No behaviour lives here.

import type { FromKernel, ToKernel, TurnStatus, Usage, View } from '../core/types.ts';

/** What the list says of one turn. */
export interface Chapter {
  key: string;
  /** Whether it runs in this kernel. */
  live: boolean;
  /** Whether the thread may be forked at it. */
  forks: boolean;
  /** In one line. */
  prompt: string;
  status: TurnStatus;
  started_at: number | null;
  ended_at: number | null;
  usage: Usage | null;
  /** How many cards of each kind it has. */
  counts: Readonly<Record<string, number>>;
}

/** All that is said beside a single turn. */
export interface Contents {
  title: string;
  /** Whether the kernel is still reading what was kept. */
  reading: boolean;
  error: string | null;
  note: string | null;
  /** Whether it can be closed from here. */
  closes: boolean;
  turns: readonly Chapter[];
}

export interface Reply {
  op: 'reply';
  ref: number;
  error: string | null;
  /** To `turn`. */
  view?: View;
  seq?: number;
  at?: number;
  /** To `markdown`. */
  text?: string;
  /** To `search`. */
  keys?: string[];
}

export type FromKept =
  | ({ op: 'turns' } & Contents)
  | Reply
  /** What a panel of its own would get of a turn that runs. */
  | (FromKernel & { key: string });

/** What is asked of the list. */
export type Ask =
  | { op: 'turn' | 'markdown' | 'fork'; key: string }
  | { op: 'search'; text: string };

export type ToKept =
  | { op: 'hello' | 'turns' | 'close' }
  | (Ask & { ref: number })
  /** What a panel of its own would send to a turn that runs. */
  | (ToKernel & { key: string });
