// What became of a command that was sent: nothing yet, or why it was refused. Read out when it comes.

import { plainTerminal } from '../core/plain.ts';
import type { Sending } from './use-command.ts';

export function Said({ sending: { phase, error }, note }: { sending: Sending; note?: string }) {
  return (
    <>
      <span class="cdx-said" role="status">
        {phase === 'late' ? 'The kernel has not answered yet.' : note}
      </span>
      {error !== null && (
        <span class="cdx-said cdx-error" role="alert">
          {plainTerminal(error)}
        </span>
      )}
    </>
  );
}
