// The kinds of steps as a reader thinks of them, each of one or more kinds of cards.

import { count } from '../core/format.ts';
import type { Card } from '../core/types.ts';

/** Its name for a filter, and the word for one of it where a list counts them. */
export const GROUPS = {
  messages: { label: 'Messages', noun: '' },
  reasoning: { label: 'Reasoning', noun: '' },
  commands: { label: 'Commands', noun: 'command' },
  files: { label: 'Files', noun: 'change' },
  tools: { label: 'Tools', noun: 'tool call' },
  searches: { label: 'Searches', noun: '' },
  plan: { label: 'Plan', noun: '' },
  other: { label: 'Other', noun: '' },
} as const;

export type Group = keyof typeof GROUPS;

const OF: Partial<Record<string, Group>> = {
  message: 'messages',
  user: 'messages',
  reasoning: 'reasoning',
  command: 'commands',
  files: 'files',
  tool: 'tools',
  agent: 'tools',
  search: 'searches',
  todo: 'plan',
  plan: 'plan',
} satisfies Partial<Record<Card['kind'], Group>>;

export function groupOf(kind: string): Group {
  return OF[kind] ?? 'other';
}

/** How many cards of each group there are, in the groups' order and without empty ones. */
export function tally(counts: Readonly<Record<string, number>>): [Group, number][] {
  const sums = new Map<Group, number>();
  for (const [kind, n] of Object.entries(counts)) {
    const group = groupOf(kind);
    sums.set(group, (sums.get(group) ?? 0) + n);
  }
  const groups = Object.keys(GROUPS) as Group[];
  return groups.flatMap((group) => (sums.has(group) ? [[group, sums.get(group) ?? 0]] : []));
}

/** What a turn did, in few words: `3 commands`, `1 change`. */
export function deeds(counts: Readonly<Record<string, number>>): string[] {
  return tally(counts).flatMap(([group, n]) =>
    GROUPS[group].noun ? [count(n, GROUPS[group].noun)] : [],
  );
}
