// A command that the agent runs: its line, how it ended, and what it printed.

import { useMemo } from 'preact/hooks';
import { opensByItself, type Tone } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import { Text } from '../core/text.ts';
import type { CommandCard as Command } from '../core/types.ts';
import { CardFrame, FITS_ROW } from './CardFrame.tsx';
import { Copy } from './Copy.tsx';
import { Output } from './Output.tsx';

export function CommandCard({ card, tone }: { card: Command; tone: Tone }) {
  const output = useMemo(() => Text.of(card.output), [card.output]);
  const command = useMemo(() => plainTerminal(card.command).trim(), [card.command]);
  const where = card.elsewhere && plainTerminal(card.elsewhere);
  const [line = ''] = command.split('\n', 1);
  const cut = command !== line || line.length > FITS_ROW;
  const silent = output.length === 0;
  // What is copied is what is seen: nothing hidden gets into whoever's shell it is pasted into.
  const copyCommand = <Copy label="Copy command" text={() => command} />;
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
      open={opensByItself(tone) && (cut || !silent)}
    >
      {cut && <pre class="cdx-pre cdx-whole">{command}</pre>}
      {silent ? (
        copyCommand
      ) : (
        <Output text={output} label="Output" fromEnd={tone !== 'done'} coloured>
          {copyCommand}
          <Copy label="Copy output" text={() => plainTerminal(String(output))} />
        </Output>
      )}
    </CardFrame>
  );
}
