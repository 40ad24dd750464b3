// A box to say something to the agent while it works. What was typed stays until the kernel has it,
// also when the turn ends meanwhile.

import { useRef, useState } from 'preact/hooks';
import { isOver } from '../core/store.ts';
import { keepDraft, keptDraft } from './drafts.ts';
import { Said } from './Said.tsx';
import { useCommand } from './use-command.ts';
import { useSelect } from './use-store.ts';

const ROWS = 6;

export function Steer() {
  const { turn_id, thread_id } = useSelect((state) => state.view.header);
  const over = useSelect(isOver);
  // The box stays where it is when the turn ends, for what is still in it.
  const steered = useRef(false);
  steered.current ||= !over && turn_id !== null;
  return steered.current ? <Box thread={thread_id} over={over} /> : null;
}

function Box({ thread, over }: { thread: string | null; over: boolean }) {
  const sending = useCommand();
  const [text, setText] = useState(() => keptDraft(thread));
  const [copied, setCopied] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const said = useSelect(({ view }) => view.cards.filter(({ kind }) => kind === 'user').length);
  const before = useRef(0);

  const write = (next: string) => {
    setText(next);
    keepDraft(thread, next);
  };
  const { phase } = sending;
  const away = phase === 'sending';
  const send = async () => {
    if (away || over || !text.trim()) return;
    if (phase === 'done') sending.reset();
    before.current = said;
    if (await sending.send('steer', { op: 'steer', text })) {
      // Not what was typed after it.
      if (box.current?.value === text) write('');
    }
  };
  if (over && !text) return null;
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the composition of a character is not meant for us (229 in Safari).
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
    event.preventDefault();
    send();
  };
  const note =
    phase === 'done' && said === before.current
      ? 'Sent; the agent sees it with its next step.'
      : '';
  return (
    <div class="cdx-steer">
      <textarea
        class="cdx-input"
        ref={box}
        rows={Math.min(ROWS, text.split('\n').length)}
        value={text}
        readOnly={away}
        aria-label="Message to the agent"
        placeholder="Say something to the agent"
        title="Enter sends, Shift+Enter begins a new line, Esc leaves"
        onInput={(event) => {
          if (phase === 'done') sending.reset();
          write(event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
      />
      {over ? (
        <button
          type="button"
          class="cdx-button"
          onClick={() => {
            // Where the page may not write to the clipboard, the text is selected for the reader.
            box.current?.select();
            navigator.clipboard?.writeText(text).then(
              () => setCopied(true),
              () => undefined,
            );
          }}
        >
          Copy
        </button>
      ) : (
        <button
          type="button"
          class="cdx-button"
          aria-disabled={away || !text.trim()}
          onClick={send}
        >
          {away ? 'Sending…' : 'Send'}
        </button>
      )}
      {over ? (
        <span class="cdx-said" role="status">
          {copied
            ? 'Copied.'
            : 'The turn ended before this was sent; it can go into the next cell.'}
        </span>
      ) : (
        <Said sending={sending} note={note} />
      )}
    </div>
  );
}
