// Markdown that may still be growing. Splits it into blocks and draws those that changed.
// What a block looks like is `markdown.tsx`'s business.

import { useMemo, useRef } from 'preact/hooks';
import { type Blocks, split, splitComplete } from '../core/blocks.ts';
import { visible } from '../core/plain.ts';
import type { LongText } from '../core/types.ts';
import { MarkdownBlock } from '../markdown.tsx';

export function Markdown({ text, complete }: { text: LongText; complete: boolean }) {
  const last = useRef<Blocks | undefined>(undefined);
  const { tokens } = useMemo(() => {
    const source = visible(String(text));
    last.current = complete ? splitComplete(source, last.current) : split(source, last.current);
    return last.current;
  }, [text, complete]);
  return (
    <div class="cdx-md">
      {tokens.map((token, at) => (
        <MarkdownBlock key={at} token={token} />
      ))}
    </div>
  );
}
