// A search on the web, or a page that was opened. The CLI says what it was only when it is over.

import type { Tone } from '../core/folding.ts';
import { plainTerminal, visible } from '../core/plain.ts';
import type { SearchCard as Search } from '../core/types.ts';
import { isPage } from '../core/web.ts';
import { CardFrame } from './CardFrame.tsx';

export function SearchCard({ card, tone }: { card: Search; tone: Tone }) {
  const { query, queries, url, pattern } = card;
  // A page that was opened is its own query.
  const asked = [query, ...queries].filter((words) => words && words !== url);
  const said = url || pattern || asked.length > 0;
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="search"
      title={
        <>
          {url || pattern ? (
            <>
              {pattern ? (
                <>
                  Looked for <q class="cdx-query">{visible(pattern)}</q>
                  {url && ' in '}
                </>
              ) : (
                'Opened '
              )}
              {url && <Address url={url} />}
            </>
          ) : tone === 'running' ? (
            'Searching the web '
          ) : (
            'Searched the web '
          )}
          {asked.map((words, at) => (
            <span key={at}>
              {at > 0 || url || pattern ? ', ' : ''}
              <q class="cdx-query">{visible(words)}</q>
            </span>
          ))}
        </>
      }
      open={false}
    >
      {!said && tone !== 'running' && card.action && (
        <pre class="cdx-pre cdx-whole">{plainTerminal(card.action)}</pre>
      )}
    </CardFrame>
  );
}

function Address({ url }: { url: string }) {
  const shown = plainTerminal(url);
  if (!isPage(url)) return <code class="cdx-address">{shown}</code>;
  return (
    <a class="cdx-address" href={url} target="_blank" rel="noopener noreferrer nofollow">
      {shown}
    </a>
  );
}
