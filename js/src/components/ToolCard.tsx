// A call of a tool: its name, what it was given, and what it gave back.

import { useMemo } from 'preact/hooks';
import { opensByItself, type Tone } from '../core/folding.ts';
import { plainTerminal } from '../core/plain.ts';
import { Text } from '../core/text.ts';
import type { ToolCard as Tool } from '../core/types.ts';
import { isImage } from '../core/web.ts';
import { CardFrame, FITS_ROW } from './CardFrame.tsx';
import { Output } from './Output.tsx';
import { Picture } from './Picture.tsx';

export function ToolCard({ card, tone }: { card: Tool; tone: Tone }) {
  const given = useMemo(() => Text.of(card.arguments), [card.arguments]);
  const result = useMemo(() => Text.of(card.result ?? ''), [card.result]);
  const images = useMemo(() => card.images.filter(isImage), [card.images]);
  const name = plainTerminal(card.name);
  const brief = plainTerminal(card.arguments.replace(/\s+/g, ' '));
  const cut = brief.length > FITS_ROW;
  // The kernel names an image where it stood among the text; with nothing else it says nothing.
  const told = useMemo(
    () => result.length > 0 && String(result) !== images.map(() => '[image]').join('\n'),
    [result, images],
  );
  return (
    <CardFrame
      card={card}
      tone={tone}
      icon="tool"
      title={
        <>
          <code class="cdx-name">{name}</code> <code class="cdx-brief">{brief}</code>
        </>
      }
      open={opensByItself(tone) || images.length > 0}
    >
      {(cut || told || images.length > 0 || card.error) && (
        <>
          {cut && <Output text={given} label="Arguments" />}
          {told && <Output text={result} label="Result" />}
          {images.map((url, at) => (
            <Picture key={at} url={url} name={`Image ${at + 1} of ${images.length} from ${name}`} />
          ))}
          {card.error && <p class="cdx-error">{plainTerminal(card.error)}</p>}
        </>
      )}
    </CardFrame>
  );
}
