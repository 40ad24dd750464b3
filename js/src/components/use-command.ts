// One command on its way to the kernel: being sent, heard, or refused with words.
// Knows the store's `command`; what became of it otherwise is for the kernel's frames to show.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Command } from '../core/types.ts';
import { useStore } from './use-store.ts';

// Long enough for a kernel that is merely busy.
const LATE_AFTER = 3_000;

export interface Sending {
  phase: 'idle' | 'sending' | 'late' | 'done';
  /** Which of several commands was sent last. */
  what: string;
  /** Why the kernel did not do it. */
  error: string | null;
  /** Resolves to whether it was done; while one is on its way or done, no other is sent. */
  send: (what: string, command: Command) => Promise<boolean>;
  reset: () => void;
}

type State = Omit<Sending, 'send' | 'reset'>;
const IDLE: State = { phase: 'idle', what: '', error: null };

export function useCommand(): Sending {
  const store = useStore();
  const [state, setState] = useState(IDLE);
  // At once, because two presses may come before the first is drawn.
  const away = useRef(false);
  const { phase } = state;
  useEffect(() => {
    if (phase !== 'sending') return undefined;
    const timer = setTimeout(() => {
      away.current = false;
      setState((now) => ({ ...now, phase: 'late' }));
    }, LATE_AFTER);
    return () => clearTimeout(timer);
  }, [phase]);
  return {
    ...state,
    send: async (what, command) => {
      if (away.current) return false;
      away.current = true;
      setState({ phase: 'sending', what, error: null });
      const error = await store.command(command);
      // Of a command that was sent twice the second is refused, and that is no news.
      away.current = error === null;
      setState((now) =>
        now.phase === 'done' ? now : { ...now, phase: error === null ? 'done' : 'idle', error },
      );
      return error === null;
    },
    reset: () => {
      away.current = false;
      setState(IDLE);
    },
  };
}
