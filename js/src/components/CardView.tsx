// One card of the turn: finds the component of its kind and redraws only when this card changes.

import { type Tone, toneOf } from '../core/folding.ts';
import { isOver, type PanelState } from '../core/store.ts';
import type { Card } from '../core/types.ts';
import { ActivityCard } from './ActivityCard.tsx';
import { AgentCard } from './AgentCard.tsx';
import { CommandCard } from './CommandCard.tsx';
import { ErrorCard } from './ErrorCard.tsx';
import { FilesCard } from './FilesCard.tsx';
import { Guard } from './Guard.tsx';
import { MessageCard } from './MessageCard.tsx';
import { PlanCard } from './PlanCard.tsx';
import { ReasoningCard } from './ReasoningCard.tsx';
import { SearchCard } from './SearchCard.tsx';
import { TodoCard } from './TodoCard.tsx';
import { ToolCard } from './ToolCard.tsx';
import { UnknownCard } from './UnknownCard.tsx';
import { UserCard } from './UserCard.tsx';
import { CardContext } from './use-choices.ts';
import { useSelect } from './use-store.ts';

export function CardView({ at }: { at: number }) {
  const card = useSelect((state) => state.view.cards[at]);
  const tone = useSelect((state) => card && toneOf(card, isOver(state), isAsked(state, card.id)));
  if (!card || !tone) return null;
  return (
    <article class="cdx-card" data-kind={card.kind}>
      <CardContext.Provider value={card.id}>
        <Guard>
          <Kind card={card} tone={tone} />
        </Guard>
      </CardContext.Provider>
    </article>
  );
}

function isAsked({ view: { asks } }: PanelState, item: string): boolean {
  return asks.some((ask) => ask.item_id === item && ask.decision === null);
}

function Kind({ card, tone }: { card: Card; tone: Tone }) {
  switch (card.kind) {
    case 'message':
      return <MessageCard card={card} tone={tone} />;
    case 'user':
      return <UserCard card={card} />;
    case 'reasoning':
      return <ReasoningCard card={card} tone={tone} />;
    case 'command':
      return <CommandCard card={card} tone={tone} />;
    case 'files':
      return <FilesCard card={card} tone={tone} />;
    case 'todo':
      return <TodoCard card={card} tone={tone} />;
    case 'plan':
      return <PlanCard card={card} tone={tone} />;
    case 'tool':
      return <ToolCard card={card} tone={tone} />;
    case 'agent':
      return <AgentCard card={card} tone={tone} />;
    case 'search':
      return <SearchCard card={card} tone={tone} />;
    case 'activity':
      return <ActivityCard card={card} tone={tone} />;
    case 'error':
      return <ErrorCard card={card} />;
    default:
      return <UnknownCard card={card} tone={tone} />;
  }
}
