// One card of the turn: finds the component of its kind and redraws only when this card changes.

import { isOver } from '../core/store.ts';
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
import { useSelect } from './use-store.ts';

export function CardView({ at }: { at: number }) {
  const card = useSelect((state) => state.view.cards[at]);
  const over = useSelect(isOver);
  if (!card) return null;
  return (
    <article class="cdx-card" data-kind={card.kind}>
      <Guard>
        <Kind card={card} over={over} />
      </Guard>
    </article>
  );
}

function Kind({ card, over }: { card: Card; over: boolean }) {
  switch (card.kind) {
    case 'message':
      return <MessageCard card={card} over={over} />;
    case 'user':
      return <UserCard card={card} />;
    case 'reasoning':
      return <ReasoningCard card={card} over={over} />;
    case 'command':
      return <CommandCard card={card} over={over} />;
    case 'files':
      return <FilesCard card={card} over={over} />;
    case 'todo':
      return <TodoCard card={card} over={over} />;
    case 'plan':
      return <PlanCard card={card} over={over} />;
    case 'tool':
      return <ToolCard card={card} over={over} />;
    case 'agent':
      return <AgentCard card={card} over={over} />;
    case 'search':
      return <SearchCard card={card} over={over} />;
    case 'activity':
      return <ActivityCard card={card} over={over} />;
    case 'error':
      return <ErrorCard card={card} />;
    default:
      return <UnknownCard card={card} over={over} />;
  }
}
