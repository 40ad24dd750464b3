// What the agent thinks: a quiet line with its headline, the rest folded under it.

import { useMemo } from 'preact/hooks';
import { visible } from '../core/plain.ts';
import { readReasoning } from '../core/reasoning.ts';
import type { ReasoningCard as Reasoning } from '../core/types.ts';
import { Fold } from './Fold.tsx';
import { Icon } from './Icon.tsx';
import { Markdown } from './Markdown.tsx';

export function ReasoningCard({ card, over }: { card: Reasoning; over: boolean }) {
  const { headline, body } = useMemo(() => readReasoning(String(card.text)), [card.text]);
  const row = (
    <>
      <span class="cdx-kind">
        <Icon name="thought" />
      </span>
      <span class="cdx-title cdx-quiet">
        <span class="cdx-sr">Reasoning: </span>
        {visible(headline) || 'Thinking…'}
      </span>
    </>
  );
  return (
    <Fold open={false} summary={row}>
      {body && (
        <div class="cdx-thought">
          <Markdown text={body} complete={over || card.status !== 'in_progress'} />
        </div>
      )}
    </Fold>
  );
}
