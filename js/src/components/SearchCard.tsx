// A search on the web. The CLI says what was searched for only when it is over.

import { toneOf } from '../core/folding.ts';
import { plainTerminal, visible } from '../core/plain.ts';
import type { SearchCard as Search } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';

export function SearchCard({ card, over }: { card: Search; over: boolean }) {
  const tone = toneOf(card, over);
  const verb = tone === 'running' ? 'Searching the web' : 'Searched the web';
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="search"
      title={
        <>
          {verb} {card.query && <q class="cdx-query">{visible(card.query)}</q>}
        </>
      }
      open={false}
    >
      {card.action && <pre class="cdx-pre cdx-whole">{plainTerminal(card.action)}</pre>}
    </CardFrame>
  );
}
