// How one card stands, as an icon and a word. Words that say nothing new are for screen readers only.

import type { Tone } from '../core/folding.ts';
import { Icon, type IconName } from './Icon.tsx';

const MARKS: Record<Tone, { icon: IconName; word: string; quiet: boolean }> = {
  waiting: { icon: 'pause', word: 'waits for you', quiet: false },
  running: { icon: 'spinner', word: 'running', quiet: true },
  done: { icon: 'check', word: 'done', quiet: true },
  failed: { icon: 'cross', word: 'failed', quiet: false },
  declined: { icon: 'slash', word: 'declined', quiet: false },
  lost: { icon: 'question', word: 'no end reported', quiet: false },
  other: { icon: 'dots', word: '', quiet: false },
};

interface StatusMarkProps {
  tone: Tone;
  status: string;
  /** Says it better than the usual word, as an exit code does. */
  label?: string | undefined;
}

export function StatusMark({ tone, status, label }: StatusMarkProps) {
  const { icon, word, quiet } = MARKS[tone];
  return (
    <span class={`cdx-mark cdx-is-${tone}`}>
      <span class={quiet && !label ? 'cdx-sr' : 'cdx-mark-word'}>{label || word || status}</span>
      <Icon name={icon} />
    </span>
  );
}
