// A command that the agent runs: its line, how it ended, and what it printed.

import { useMemo } from 'preact/hooks';
import { toneOf } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import { Text } from '../core/text.ts';
import type { CommandCard as Command } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';
import { Output } from './Output.tsx';

// Longer than a row has room for on most screens.
const FITS_ROW = 60;

export function CommandCard({ card, over }: { card: Command; over: boolean }) {
  const tone = toneOf(card, over);
  const output = useMemo(() => Text.of(card.output), [card.output]);
  const command = useMemo(() => plainTerminal(card.command), [card.command]);
  const where = card.elsewhere && plainTerminal(card.elsewhere);
  const [line = ''] = command.trim().split('\n', 1);
  const cut = command.trim() !== line || line.length > FITS_ROW;
  const silent = output.length === 0;
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="terminal"
      title={<code class="cdx-command">{line}</code>}
      meta={
        <>
          {where && (
            <span class="cdx-remark cdx-where" title={where}>
              in {where}
            </span>
          )}
          {silent && tone === 'done' && <span class="cdx-remark">no output</span>}
        </>
      }
      label={card.exit_code === null ? undefined : `exit ${card.exit_code}`}
    >
      {(cut || !silent) && (
        <>
          {cut && <pre class="cdx-pre cdx-whole">{command.trim()}</pre>}
          {!silent && <Output text={output} label="Output" fromEnd={tone !== 'done'} />}
        </>
      )}
    </CardFrame>
  );
}
