// What the agent plans to do, in its own words: what a turn in plan mode is for, so it stands open.

import type { Tone } from '../core/folding.ts';
import type { PlanCard as Plan } from '../core/types.ts';
import { CardFrame } from './CardFrame.tsx';
import { Markdown } from './Markdown.tsx';

export function PlanCard({ card, tone }: { card: Plan; tone: Tone }) {
  const complete = tone !== 'running';
  return (
    <CardFrame card={card} tone={tone} icon="list" title="Plan" open>
      {card.text.length > 0 && <Markdown text={card.text} complete={complete} />}
    </CardFrame>
  );
}
