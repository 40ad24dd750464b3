// What each turn used, as stacked bars; for screen readers the same as a table.

import { tokens, whole } from '../core/format.ts';
import type { Usage } from '../core/types.ts';
import type { Chapter } from './types.ts';

const HEIGHT = 44;
// A few turns are a few slim bars, not one broad one.
const LEAST = 20;

const PARTS: readonly { name: string; label: string; of: (usage: Usage) => number }[] = [
  { name: 'cached', label: 'cached input', of: (u) => u.cached_input_tokens },
  { name: 'input', label: 'new input', of: (u) => u.input_tokens - u.cached_input_tokens },
  { name: 'reasoning', label: 'reasoning', of: (u) => u.reasoning_output_tokens },
  { name: 'output', label: 'output', of: (u) => u.output_tokens - u.reasoning_output_tokens },
];

interface UsageChartProps {
  turns: readonly Chapter[];
  /** The place of the chosen turn. */
  chosen: number;
  choose: (key: string) => void;
}

export function UsageChart({ turns, chosen, choose }: UsageChartProps) {
  if (!turns.some((turn) => turn.usage)) return null;
  const most = Math.max(...turns.map(({ usage }) => (usage ? total(usage) : 0)), 1);
  const told = turns[chosen]?.usage;
  return (
    <div class="cdx-usage">
      <div class="cdx-usage-title">
        Tokens by turn
        {told && <span class="cdx-facts">{`turn ${chosen + 1}: ${tokens(total(told))}`}</span>}
      </div>
      <svg
        viewBox={`0 0 ${Math.max(turns.length, LEAST) * 10} ${HEIGHT}`}
        preserveAspectRatio="none"
        height={HEIGHT}
        aria-hidden="true"
        focusable="false"
      >
        {turns.map(({ key, usage }, at) => {
          let y = HEIGHT;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: hidden; the list has the keys
            <g
              key={key}
              class={at === chosen ? 'cdx-turn-bar cdx-part-chosen' : 'cdx-turn-bar'}
              onClick={() => choose(key)}
            >
              <rect class="cdx-part-room" x={at * 10} y={0} width={10} height={HEIGHT} />
              {usage &&
                PARTS.map(({ name, label, of }) => {
                  const value = Math.max(0, of(usage));
                  // A part that is there is seen, however small.
                  const height = value && Math.max(1.5, (value / most) * (HEIGHT - 6));
                  y -= height;
                  return (
                    <rect
                      key={name}
                      class={`cdx-part-${name}`}
                      {...{ x: at * 10 + 1.5, y, height }}
                      width={7}
                    >
                      <title>{`Turn ${at + 1}: ${whole(value)} ${label}`}</title>
                    </rect>
                  );
                })}
            </g>
          );
        })}
      </svg>
      <div class="cdx-legend" aria-hidden="true">
        {PARTS.map(({ name, label }) => (
          <span key={name}>
            <i class={`cdx-part-${name}`} />
            {label}
          </span>
        ))}
      </div>
      <table class="cdx-sr">
        <caption>Tokens by turn</caption>
        <tr>
          <th>Turn</th>
          {PARTS.map(({ label }) => (
            <th key={label}>{label}</th>
          ))}
        </tr>
        {turns.map(({ key, usage }, at) => (
          <tr key={key}>
            <th>{at + 1}</th>
            {PARTS.map(({ label, of }) => (
              <td key={label}>{usage ? whole(of(usage)) : 'not known'}</td>
            ))}
          </tr>
        ))}
      </table>
    </div>
  );
}

function total(usage: Usage): number {
  return usage.input_tokens + usage.output_tokens;
}
