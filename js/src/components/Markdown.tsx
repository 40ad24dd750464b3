// Markdown that may still be growing. Reads it into blocks and draws those that changed.
// What a block looks like is `markdown.tsx`'s business.

import { useMemo, useRef } from 'preact/hooks';
import type { LongText } from '../core/types.ts';
import { Growth } from '../markdown/growth.ts';
import { MarkdownBlock } from '../markdown.tsx';

export function Markdown({ text, complete }: { text: LongText; complete: boolean }) {
  const growth = useRef<Growth>(null);
  const { blocks, links } = useMemo(() => {
    growth.current ??= new Growth();
    return growth.current.read(String(text), complete);
  }, [text, complete]);
  return (
    <div class="cdx-md">
      {blocks.map((block, at) => (
        <MarkdownBlock key={at} block={block} links={links} />
      ))}
    </div>
  );
}
