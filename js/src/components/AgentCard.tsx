// The agent set another agent to work, or waited for one.

import { toneOf } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import type { AgentCard as Agent } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';

export function AgentCard({ card, over }: { card: Agent; over: boolean }) {
  return (
    <CardFrame
      card={card}
      tone={toneOf(card, over)}
      icon="agent"
      title={
        <>
          Sub-agent <code class="cdx-name">{plainTerminal(card.name)}</code>
        </>
      }
    >
      {card.prompt && <pre class="cdx-pre cdx-whole">{plainTerminal(card.prompt)}</pre>}
    </CardFrame>
  );
}
