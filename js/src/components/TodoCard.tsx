// The agent's plan, as a checklist that it ticks off itself.

import type { Tone } from '../core/folding.ts';
import { visible } from '../core/plain.ts';
import type { TodoCard as Todo } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';
import { Icon } from './Icon.tsx';

export function TodoCard({ card, tone }: { card: Todo; tone: Tone }) {
  const done = card.items.filter((item) => item.completed).length;
  const next = card.items.findIndex((item) => !item.completed);
  return (
    <CardFrame
      // The CLI ends a plan with its turn, so neither its time nor a missing end says anything.
      card={{ ...card, started_at: null }}
      tone={tone === 'lost' ? 'other' : tone}
      icon="list"
      title="Plan"
      label={`${done} of ${card.items.length}`}
    >
      {card.items.length > 0 && (
        <ul class="cdx-todo">
          {card.items.map((item, at) => (
            <li
              key={at}
              class={item.completed ? 'cdx-todo-done' : at === next ? 'cdx-todo-next' : undefined}
            >
              <span class="cdx-box">{item.completed && <Icon name="check" />}</span>
              <span>
                <span class="cdx-sr">{item.completed ? 'Done: ' : 'To do: '}</span>
                {visible(item.text)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </CardFrame>
  );
}
