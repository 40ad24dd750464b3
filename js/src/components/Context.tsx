// How much of what the model can have in view it had in view last: near the end the CLI compacts the
// conversation, and what was said early is forgotten.

import { whole } from '../core/format.ts';

const NEARLY_FULL = 0.8;

interface ContextProps {
  tokens: number | null;
  window: number | null;
}

export function Context({ tokens, window: most }: ContextProps) {
  if (tokens === null || !most) return null;
  const share = Math.min(1, tokens / most);
  const exact = `${whole(tokens)} of ${whole(most)} tokens of context used`;
  return (
    <span
      class={share < NEARLY_FULL ? 'cdx-context' : 'cdx-context cdx-context-full'}
      title={exact}
    >
      <span class="cdx-meter" aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span aria-hidden="true">
        {Math.round(share * 100)}%<span class="cdx-context-word"> of context</span>
      </span>
      <span class="cdx-sr">{exact}</span>
    </span>
  );
}
