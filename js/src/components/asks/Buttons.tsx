// One button for each decision that can be made. They change because the kernel settles the ask; a
// press only shows that it is on its way.

import type { Ask, Decision } from '../../core/asks.ts';
import { exact } from '../../core/exact.ts';
import { Said } from '../Said.tsx';
import { useCommand } from '../use-command.ts';
import { useHeldBack } from './use-held-back.ts';

const LABELS: Record<Exclude<Decision, 'accept_with_rule'>, string> = {
  accept: 'Approve',
  accept_for_session: 'Approve for session',
  decline: 'Deny',
  cancel: 'Cancel turn',
};

export function Buttons({ ask }: { ask: Ask }) {
  const sending = useCommand();
  const fresh = useHeldBack();
  const { phase, what } = sending;
  const away = phase === 'sending' || phase === 'done';
  const rule = ask.rule === null ? null : exact(ask.rule);
  return (
    <>
      {rule !== null && ask.decisions.includes('accept_with_rule') && (
        <p class="cdx-rule">
          “Always allow” saves a rule: from then on, commands that begin with <code>{rule}</code>{' '}
          run without asking, in every thread.
        </p>
      )}
      <div class="cdx-buttons">
        {ask.decisions.map((decision) => {
          const held = away || (fresh && decision.startsWith('accept'));
          const label =
            decision !== 'accept_with_rule' ? (
              LABELS[decision]
            ) : (
              <>Always allow {rule === null ? 'this tool' : <code>{rule}</code>}</>
            );
          return (
            // Not `disabled`, which would take the focus away.
            <button
              key={decision}
              type="button"
              class={`cdx-button cdx-button-${decision}`}
              aria-disabled={held}
              onClick={() => {
                if (!held) sending.send(decision, { op: 'respond', id: ask.id, decision });
              }}
            >
              {away && what === decision ? 'Sending…' : label}
            </button>
          );
        })}
        <Said sending={sending} />
      </div>
    </>
  );
}
