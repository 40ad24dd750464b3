// Long text in a box of its own: the end of it, and on request all of it, in blocks.
// Only the end is on the page, because laying out all of a growing text costs a hundred times more.

import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { css, type Pen, paint } from '../core/ansi.ts';
import { count, size } from '../core/format.ts';
import { Pens } from '../core/pens.ts';
import { plainTerminal } from '../core/plain.ts';
import type { Text } from '../core/text.ts';
import { Scroll } from './Scroll.tsx';

const TAIL_LINES = 200;
const TAIL_LENGTH = 16_384;
// About a megabyte for each press of the button.
const BLOCKS_AT_ONCE = 64;

interface OutputProps {
  text: Text;
  /** What it is, for screen readers. */
  label: string;
  /** Whether the end is what matters: it grows, or it says why something failed. */
  fromEnd?: boolean;
  /** Whether escapes of a terminal give it colours; they are dropped otherwise. */
  coloured?: boolean;
  /** Buttons. */
  children?: ComponentChildren;
}

export function Output({ text, label, fromEnd = false, coloured = false, children }: OutputProps) {
  const [first, setFirst] = useState<number | null>(null);
  const tail = useMemo(() => text.tail(TAIL_LINES, TAIL_LENGTH), [text]);
  const pens = useMemo(() => (coloured ? new Pens() : null), [coloured]);

  const { blocks } = text;
  const long = first !== null || tail.hiddenLength > 0;
  const next = Math.max(0, (first ?? blocks.length) - BLOCKS_AT_ONCE);
  const all = count(text.lines, 'line');
  const offer = next > 0 ? `Show more of ${all} (${size(text.length)})` : `Show all ${all}`;
  return (
    <div class="cdx-output">
      {(long || children) && (
        <div class="cdx-bar">
          {long && (
            <button
              type="button"
              class="cdx-more"
              onClick={() => setFirst(first === 0 ? null : next)}
            >
              {first === 0 ? 'Show only the end' : offer}
            </button>
          )}
          <span class="cdx-bar-end">{children}</span>
        </div>
      )}
      <Scroll label={label} fromEnd={fromEnd || long}>
        {first === null ? (
          <Block text={tail.text} pen={pens?.after(blocks, tail.hiddenLength)} />
        ) : (
          blocks
            .slice(first)
            .map((block, at) => (
              <Block
                key={first + at}
                text={block}
                pen={pens?.before(blocks, first + at)}
                oneOfMany
              />
            ))
        )}
      </Scroll>
    </div>
  );
}

interface BlockProps {
  text: string;
  /** What it is painted with; without one it is plain. */
  pen: Pen | undefined;
  oneOfMany?: boolean;
}

function Block({ text, pen, oneOfMany = false }: BlockProps) {
  const shown = useMemo(() => (pen ? painted(text, pen) : plainTerminal(text)), [text, pen]);
  return <pre class={oneOfMany ? 'cdx-pre cdx-block' : 'cdx-pre'}>{shown}</pre>;
}

function painted(text: string, pen: Pen): ComponentChildren {
  return paint(text, pen).map((run, at) => {
    const style = css(run.style);
    return style ? (
      <span key={at} style={style}>
        {run.text}
      </span>
    ) : (
      run.text
    );
  });
}
