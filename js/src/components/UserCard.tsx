// What the user said while the turn ran, word for word: it is theirs, so it is no markdown.

import { plainTerminal } from '../core/plain.ts';
import type { UserCard as User } from '../core/types.ts';
import { Icon } from './Icon.tsx';

export function UserCard({ card }: { card: User }) {
  return (
    <div class="cdx-callout cdx-callout-user">
      <Icon name="user" />
      <span class="cdx-callout-text">
        <strong>You:</strong> {plainTerminal(String(card.text)) || '(no text)'}
      </span>
    </div>
  );
}
