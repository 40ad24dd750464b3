// The line above the cards: how the turn stands, since when, and what it runs with.

import { duration } from '../core/format.ts';
import { visible } from '../core/plain.ts';
import { isOver, type PanelState } from '../core/store.ts';
import { Context } from './Context.tsx';
import { Elapsed } from './Elapsed.tsx';
import { FoldAll } from './FoldAll.tsx';
import { Icon, type IconName } from './Icon.tsx';
import { Sandbox } from './Sandbox.tsx';
import { StopButton } from './StopButton.tsx';
import { Tokens } from './Tokens.tsx';
import { useNow } from './use-now.ts';
import { useSelect } from './use-store.ts';

// Models think this long without a word; longer, and people wonder.
const SILENCE = 10;

interface Standing {
  icon: IconName;
  word: string;
  tone: string;
}

function standing({ gone, view: { header, asks } }: PanelState): Standing {
  const running = header.status === 'pending' || header.status === 'running';
  if (gone && running) {
    return { icon: 'unplugged', word: 'kernel gone – interrupted', tone: 'failed' };
  }
  if (header.interrupting) return { icon: 'spinner', word: 'Stopping', tone: 'declined' };
  switch (header.status) {
    case 'pending':
      return { icon: 'spinner', word: 'Starting', tone: 'running' };
    case 'running':
      if (asks.some((ask) => ask.decision === null)) {
        return { icon: 'question', word: 'Waiting for you', tone: 'waiting' };
      }
      return { icon: 'spinner', word: 'Running', tone: 'running' };
    case 'completed':
      return { icon: 'check', word: 'Completed', tone: 'done' };
    case 'interrupted':
      return { icon: 'stop', word: 'Interrupted', tone: 'declined' };
    default:
      return { icon: 'cross', word: 'Failed', tone: 'failed' };
  }
}

export function StatusLine() {
  const header = useSelect((state) => state.view.header);
  const over = useSelect(isOver);
  const { icon, word, tone } = useSelect(standing, (a, b) => a.word === b.word);
  const { thread_id, thread_name } = header;
  const thread = thread_id ? `Thread ${visible(thread_id)}` : undefined;
  return (
    <div class="cdx-status">
      <span class={`cdx-state cdx-is-${tone}`} title={thread}>
        <Icon name={icon} />
        {/* Only the word is announced: a clock that speaks every second would be unbearable. */}
        <span role="status">{word}</span>
      </span>
      <Elapsed from={header.started_at} to={header.ended_at} ticking={!over} />
      {!over && <Silence />}
      {thread_name && (
        <span class="cdx-thread" title={thread}>
          <span class="cdx-sr">thread </span>
          {visible(thread_name)}
        </span>
      )}
      <span class="cdx-with">
        <span class="cdx-model" title="The model, and how hard it thinks">
          {visible(header.model ?? 'default model')}
          {header.effort && (
            <>
              {' '}
              <span class="cdx-effort">
                {visible(header.effort)}
                <span class="cdx-sr"> effort</span>
              </span>
            </>
          )}
        </span>
        <Sandbox mode={header.sandbox} cwd={header.cwd} />
        {header.output_type && (
          <span class="cdx-type" title="The type that the answer is to have">
            <span aria-hidden="true">→ </span>
            <span class="cdx-sr">answer as </span>
            {visible(header.output_type)}
          </span>
        )}
        <Context tokens={header.context_tokens} window={header.context_window} />
        <Tokens usage={header.usage} threadUsage={header.thread_usage} />
      </span>
      <span class="cdx-controls">
        <FoldAll />
        {!over && <StopButton />}
      </span>
    </div>
  );
}

function Silence() {
  const newsAt = useSelect((state) => state.newsAt);
  const silent = useNow(true) - newsAt;
  if (silent < SILENCE) return null;
  return <span class="cdx-silence">no news for {duration(silent, false)}</span>;
}
