// What the agent plans to do, in its own words: what a turn in plan mode is for, so it stands open.

import { toneOf } from '../core/folding.ts';
import type { PlanCard as Plan } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';
import { Markdown } from './Markdown.tsx';

export function PlanCard({ card, over }: { card: Plan; over: boolean }) {
  const complete = over || card.status !== 'in_progress';
  return (
    <CardFrame card={card} tone={toneOf(card, over)} icon="list" title="Plan" open>
      {card.text.length > 0 && <Markdown text={card.text} complete={complete} />}
    </CardFrame>
  );
}
