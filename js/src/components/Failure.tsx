// Why a turn failed, if it did; before its end, what the CLI complains of.

import { plainTerminal } from '../core/plain.ts';
import { isOver } from '../core/store.ts';
import { Icon } from './Icon.tsx';
import { useSelect } from './use-store.ts';

export function Failure() {
  const error = useSelect((state) => state.view.header.error);
  const over = useSelect(isOver);
  if (!error) return null;
  // Before the end it is the CLI's latest complaint, from which it may yet recover.
  return (
    <div class={`cdx-callout cdx-callout-${over ? 'error' : 'warning'}`} role="alert">
      <Icon name={over ? 'cross' : 'warning'} />
      <span class="cdx-callout-text">{plainTerminal(error)}</span>
    </div>
  );
}
