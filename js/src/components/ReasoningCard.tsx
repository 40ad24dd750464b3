// What the agent thinks: a quiet line with its headline; the rest of the summary, and the reasoning
// itself where the model shows it, are folded under it.

import { useMemo } from 'preact/hooks';
import type { Tone } from '../core/folding.ts';
import { visible } from '../core/plain.ts';
import { readReasoning } from '../core/reasoning.ts';
import { Text } from '../core/text.ts';
import type { ReasoningCard as Reasoning } from '../core/types.ts';
import { Fold } from './Fold.tsx';
import { Icon } from './Icon.tsx';
import { Markdown } from './Markdown.tsx';
import { Output } from './Output.tsx';

export function ReasoningCard({ card, tone }: { card: Reasoning; tone: Tone }) {
  const { headline, body } = useMemo(() => readReasoning(String(card.text)), [card.text]);
  const raw = useMemo(() => Text.of(card.raw_text), [card.raw_text]);
  const complete = tone !== 'running';
  const row = (
    <>
      <span class="cdx-kind">
        <Icon name="thought" />
      </span>
      <span class="cdx-title cdx-quiet">
        <span class="cdx-sr">Reasoning: </span>
        {visible(headline) || (complete ? 'Thought' : 'Thinking…')}
      </span>
    </>
  );
  return (
    <Fold open={false} summary={row}>
      {(body || raw.length > 0) && (
        <>
          {body && (
            <div class="cdx-thought">
              <Markdown text={body} complete={complete} />
            </div>
          )}
          {raw.length > 0 && <Output text={raw} label="All of the reasoning" fromEnd={!complete} />}
        </>
      )}
    </Fold>
  );
}
