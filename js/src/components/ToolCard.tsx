// A call of a tool: its name, what it was given, and what it gave back.

import { useMemo } from 'preact/hooks';
import { toneOf } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import { Text } from '../core/text.ts';
import type { ToolCard as Tool } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';
import { Output } from './Output.tsx';

// Longer than a row has room for on most screens.
const FITS_ROW = 60;

export function ToolCard({ card, over }: { card: Tool; over: boolean }) {
  const tone = toneOf(card, over);
  const given = useMemo(() => Text.of(card.arguments), [card.arguments]);
  const result = useMemo(() => Text.of(card.result ?? ''), [card.result]);
  const brief = plainTerminal(card.arguments.replace(/\s+/g, ' '));
  const cut = brief.length > FITS_ROW;
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="tool"
      title={
        <>
          <code class="cdx-name">{plainTerminal(card.name)}</code>{' '}
          <code class="cdx-brief">{brief}</code>
        </>
      }
    >
      {(cut || result.length > 0 || card.error) && (
        <>
          {cut && <Output text={given} label="Arguments" />}
          {result.length > 0 && <Output text={result} label="Result" />}
          {card.error && <p class="cdx-error">{plainTerminal(card.error)}</p>}
        </>
      )}
    </CardFrame>
  );
}
