// The agent set another agent to work, or waited for one: what it was told, and how those that it is
// about stand.

import type { Tone } from '../core/folding.ts';
import { shortId, words } from '../core/format.ts';
import { plainTerminal } from '../core/plain.ts';
import type { AgentCard as Agent } from '../core/types.ts';
import { CardFrame, FITS_ROW } from './CardFrame.tsx';

export function AgentCard({ card, tone }: { card: Agent; tone: Tone }) {
  const { agents } = card;
  const prompt = plainTerminal(card.prompt).trim();
  const [line = ''] = prompt.split('\n', 1);
  const cut = prompt !== line || line.length > FITS_ROW;
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="agent"
      title={
        <>
          Sub-agent <code class="cdx-name">{plainTerminal(card.name)}</code>{' '}
          <span class="cdx-quiet">{line}</span>
        </>
      }
    >
      {(cut || agents.length > 0) && (
        <>
          {cut && <p class="cdx-whole cdx-told">{prompt}</p>}
          {agents.length > 0 && (
            <ul class="cdx-agents">
              {agents.map(({ thread_id, status, message }) => (
                <li key={thread_id}>
                  <code class="cdx-quiet" title={thread_id}>
                    {shortId(thread_id)}
                  </code>{' '}
                  <span class="cdx-quiet">{words(plainTerminal(status))}</span>
                  {message && <p class="cdx-told">{plainTerminal(message)}</p>}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </CardFrame>
  );
}
