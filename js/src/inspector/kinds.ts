// The kinds of steps as a reader thinks of them, each of one or more kinds of cards.

import { count } from '../core/format.ts';

/** The groups in their order, each with the kinds of cards in it. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Messages: ['message', 'user'],
  Reasoning: ['reasoning'],
  Commands: ['command'],
  Files: ['files'],
  Tools: ['tool', 'agent'],
  Searches: ['search'],
  Plan: ['todo', 'plan'],
};
const OTHER = 'Other';

// What is worth counting in a list of turns.
const NOUNS: Readonly<Record<string, string>> = {
  Commands: 'command',
  Files: 'change',
  Tools: 'tool call',
};

export function groupOf(kind: string): string {
  return Object.keys(GROUPS).find((group) => GROUPS[group]?.includes(kind)) ?? OTHER;
}

/** How many cards of each group there are, in the groups' order and without empty ones. */
export function tally(counts: Readonly<Record<string, number>>): [string, number][] {
  return [...Object.keys(GROUPS), OTHER].flatMap((group) => {
    let sum = 0;
    for (const [kind, n] of Object.entries(counts)) if (groupOf(kind) === group) sum += n;
    return sum ? [[group, sum]] : [];
  });
}

/** What a turn did, in few words: `3 commands`, `1 change`. */
export function deeds(counts: Readonly<Record<string, number>>): string[] {
  return tally(counts).flatMap(([group, n]) => (NOUNS[group] ? [count(n, NOUNS[group])] : []));
}
