// A row that opens to a body: native <details>, so that keyboard, screen readers and find-in-page
// work as everywhere. It opens by policy until the reader folds it; from then on the reader decides.

import type { ComponentChildren } from 'preact';
import { Icon } from './Icon.tsx';
import { useChoice } from './use-choices.ts';

interface FoldProps {
  /** What the policy says now; it may change while the row lives. */
  open: boolean;
  /** Tells it from the other rows of its card. */
  name?: string;
  summary: ComponentChildren;
  /** What it opens to; without it the row does not fold. */
  children?: ComponentChildren;
}

export function Fold({ open, name = '', summary, children }: FoldProps) {
  const [chosen, choose] = useChoice(name);
  if (!children) return <div class="cdx-row">{summary}</div>;
  const shown = chosen ?? open;
  return (
    <details
      class="cdx-fold"
      open={shown}
      onToggle={(event) => {
        // Not by a click on the row, which is handled below: find-in-page, say.
        if (event.currentTarget.open !== shown) choose(event.currentTarget.open);
      }}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a summary is interactive */}
      <summary
        class="cdx-row cdx-row-folds"
        onClick={(event) => {
          event.preventDefault();
          choose(!shown);
        }}
      >
        {summary}
        <span class="cdx-chevron">
          <Icon name="chevron" />
        </span>
      </summary>
      {shown && <div class="cdx-body">{children}</div>}
    </details>
  );
}
