// The honest card: an item of a kind that the kernel, or this panel, does not know, as it came.

import { useMemo } from 'preact/hooks';
import type { Tone } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import { Text } from '../core/text.ts';
import type { Card } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';
import { Output } from './Output.tsx';

export function UnknownCard({ card, tone }: { card: Card; tone: Tone }) {
  const [type, raw] = useMemo(() => {
    if (card.kind === 'unknown') return [card.type, Text.of(card.raw)];
    const written = (_: string, value: unknown) => (value instanceof Text ? String(value) : value);
    return [card.kind, Text.of(JSON.stringify(card, written, 2))];
  }, [card]);
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="box"
      title={
        <>
          Unknown item <code class="cdx-name">{plainTerminal(type)}</code>
        </>
      }
      open={false}
    >
      {raw.length > 0 && <Output text={raw} label="The item as it came" />}
    </CardFrame>
  );
}
