// What an ask is about and how it was settled, in words. Pure; knows no components.

import type { Ask, Decision } from './asks.ts';
import { exact } from './exact.ts';
import { count } from './format.ts';

/** What is asked, as a short question. */
export function askTitle(ask: Ask): string {
  const server = exact(ask.server ?? 'A tool');
  switch (ask.kind) {
    case 'command':
      return ask.host ? `Let this command reach ${exact(ask.host)}?` : 'Run this command?';
    case 'stdin':
      return 'Type into the running command?';
    case 'file_change':
      return ask.changes.length ? `Change ${count(ask.changes.length, 'file')}?` : 'Change files?';
    case 'permissions':
      return 'Give more permissions?';
    case 'mcp_tool':
      return `Call ${server}${ask.tool ? `.${exact(ask.tool)}` : ''}?`;
    case 'url':
      return `${server} asks you to visit a page`;
    case 'form':
      return `${server} asks`;
    default:
      return ask.questions.length > 1
        ? `${ask.questions.length} questions for you`
        : 'A question for you';
  }
}

/** What it is about, in a line. */
export function askSubject(ask: Ask): string {
  const [first] = ask.changes;
  const files = first && first.path + (ask.changes.length > 1 ? ', …' : '');
  const question = ask.kind === 'questions' ? ask.questions[0]?.question : null;
  return exact(ask.command ?? files ?? question ?? ask.url ?? ask.reason ?? '');
}

const ACCEPTED: Partial<Record<Decision, string>> = {
  accept_for_session: 'Approved for the session',
  accept_with_rule: 'Always allowed',
};

const UNANSWERED: Record<string, string> = {
  timeout: 'nobody answered in time',
  nobody: 'nobody was there to ask',
  error: 'the handler failed',
};

/** How an ask was settled. */
export function outcome({ decision, by, decisions }: Ask): string {
  const who = by === 'user' ? ' by you' : by === 'handler' ? ' by your handler' : '';
  const input = decisions.length === 0;
  if (decision === 'cancel') return `Turn cancelled${who}`;
  if (decision !== 'decline') {
    const accepted = (decision && ACCEPTED[decision]) ?? 'Approved';
    return (input ? 'Answered' : accepted) + who;
  }
  if (by === 'turn') return 'Declined because the turn ended';
  const why = UNANSWERED[by ?? ''];
  return (input ? 'Declined' : 'Denied') + (why ? `: ${why}` : who);
}

/** What was answered, without what is secret; null where there is nothing to show. */
export function answersShown({ answers, questions }: Ask): string | null {
  const said = questions.flatMap(({ id, header, is_secret }) => {
    const value = answers?.[id];
    if (is_secret || value === undefined) return [];
    const texts = (Array.isArray(value) ? value : [value]).map((one) =>
      typeof one === 'string' ? one : JSON.stringify(one),
    );
    return [`${header || id}: ${texts.join(', ')}`];
  });
  return said.length ? exact(said.join(' · ')) : null;
}
