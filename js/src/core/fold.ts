// The fold: a view and the operations of one frame give the next view.
// Pure; the law is that folding what `frame(a, b)` gave in the kernel onto `a` gives `b`.
// What did not change keeps its identity, which is how components know that they need not redraw.

import type { Ask } from './asks.ts';
import { Text } from './text.ts';
import type { Card, LongField, Operation, View } from './types.ts';

// The kernel may append to any text that turned out to begin as before. In these fields it does so
// again and again; the others stay plain strings.
const LONG: ReadonlySet<string> = new Set<LongField>([
  'text',
  'raw_text',
  'output',
  'result',
  'raw',
]);

/** The next view, or null if an operation does not fit this one: we have lost something. */
export function fold(before: View, operations: readonly Operation[]): View | null {
  let { header, asks } = before;
  let cards = before.cards.slice();
  for (const operation of operations) {
    switch (operation[0]) {
      case 'header':
        header = { ...header, ...operation[1] };
        break;
      case 'card':
        cards.push(operation[1]);
        break;
      case 'reset':
        header = operation[1].header;
        cards = operation[1].cards.slice();
        asks = operation[1].asks;
        break;
      case 'ask':
        asks = put(asks, operation[1], operation[2]);
        break;
      default: {
        const at = find(cards, operation[1]);
        const known = cards[at];
        const next = known && change(known, operation);
        if (!next) return null;
        cards[at] = next;
      }
    }
  }
  return { header, cards, asks };
}

/** `ask` in its place, where the one of its id gives way and others move on. */
function put(asks: readonly Ask[], at: number, ask: Ask): Ask[] {
  const next = asks.slice();
  next.splice(at, next[at]?.id === ask.id ? 1 : 0, ask);
  return next;
}

function change(card: Card, operation: Operation): Card | null {
  switch (operation[0]) {
    case 'set':
      return { ...card, ...operation[2] } as Card;
    case 'replace':
      return operation[2];
    case 'append': {
      const [, , field, text] = operation;
      const old = (card as unknown as Record<string, unknown>)[field];
      if (typeof old !== 'string' && !(old instanceof Text)) return null;
      return { ...card, [field]: LONG.has(field) ? Text.of(old).append(text) : old + text } as Card;
    }
    default:
      return null;
  }
}

function find(cards: readonly Card[], id: string): number {
  // From the end: nearly every operation is about one of the latest cards.
  for (let at = cards.length - 1; at >= 0; at--) if (cards[at]?.id === id) return at;
  return -1;
}
