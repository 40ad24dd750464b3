// What the turn used, in tokens. Where its own share cannot be known, the thread's total, and says so.

import { tokens, whole } from '../core/format.ts';
import type { Usage } from '../core/types.ts';

interface TokensProps {
  usage: Usage | null;
  threadUsage: Usage | null;
}

export function Tokens({ usage, threadUsage }: TokensProps) {
  const known = usage ?? threadUsage;
  if (!known) return null;
  const { input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens } = known;
  const title =
    `${whole(input_tokens)} tokens in (${whole(cached_input_tokens)} of them cached), ` +
    `${whole(output_tokens)} out (${whole(reasoning_output_tokens)} of them reasoning)` +
    (usage ? '' : ', of the whole thread so far');
  return (
    <span class="cdx-tokens" title={title}>
      <span aria-hidden="true">
        {usage ? '' : 'thread '}↑{tokens(input_tokens)} ↓{tokens(output_tokens)}
      </span>
      <span class="cdx-sr">{title}</span>
    </span>
  );
}
