// Questions to answer: the agent's own, the fields of an MCP server's form, or a page to visit.
// What is typed stays in the page's own inputs and is read when it is sent.

import { useMemo, useState } from 'preact/hooks';
import { answersOf, fieldsOf, pageAddress } from '../../core/answers.ts';
import type { Ask } from '../../core/asks.ts';
import { exact } from '../../core/exact.ts';
import { Said } from '../Said.tsx';
import { useCommand } from '../use-command.ts';
import { FieldInput } from './FieldInput.tsx';
import { useHeldBack } from './use-held-back.ts';

export function AnswerForm({ ask }: { ask: Ask }) {
  const sending = useCommand();
  const fresh = useHeldBack();
  const fields = useMemo(() => fieldsOf(ask), [ask]);
  const [faults, setFaults] = useState<readonly (string | null)[]>([]);
  const { phase, what } = sending;
  const away = phase === 'sending' || phase === 'done';
  const send = (answers: Record<string, unknown> | null) => {
    if (!away) sending.send(answers ? 'send' : 'decline', { op: 'answer', id: ask.id, answers });
  };
  const onSubmit = (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    if (fresh) return;
    const form = event.currentTarget;
    const data = new FormData(form);
    const filled = fields.map((_, at) => ({
      texts: data.getAll(`f${at}`).map(String),
      other: String(data.get(`o${at}`) ?? ''),
    }));
    const said = answersOf(ask, fields, filled);
    setFaults(said.faults);
    const wrong = said.faults.findIndex(Boolean);
    if (wrong < 0) send({ ...said.answers });
    else form.querySelector<HTMLElement>(`[name=f${wrong}]`)?.focus();
  };
  const sends = away && what === 'send';
  return (
    <form class="cdx-form" onSubmit={onSubmit} noValidate autocomplete="off">
      {ask.url !== null && <Page url={ask.url} />}
      {fields.map((field, at) => (
        <FieldInput key={field.id} field={field} at={at} fault={faults[at] ?? null} />
      ))}
      <div class="cdx-buttons">
        <button type="submit" class="cdx-button cdx-button-accept" aria-disabled={away || fresh}>
          {sends ? 'Sending…' : ask.url !== null ? 'Done' : 'Send'}
        </button>
        <button type="button" class="cdx-button" aria-disabled={away} onClick={() => send(null)}>
          {away && !sends ? 'Sending…' : 'Decline to answer'}
        </button>
        <Said sending={sending} />
      </div>
    </form>
  );
}

function Page({ url }: { url: string }) {
  const address = pageAddress(url);
  if (address === null) return <p class="cdx-url">{exact(url)}</p>;
  return (
    <p class="cdx-url">
      <a href={address} target="_blank" rel="noopener noreferrer nofollow">
        {exact(address)}
        <span class="cdx-sr"> (opens in a new tab)</span>
      </a>
    </p>
  );
}
