// What the agent asks: leave for an act, or an answer. Words only, shared with the kernel, whose side
// of this contract is `codex_notebook/core/ask_view.py`.

import type { FileChange } from './types.ts';

export type Decision = 'accept' | 'accept_for_session' | 'accept_with_rule' | 'decline' | 'cancel';

export interface Question {
  id: string;
  header: string;
  question: string;
  options: readonly { label: string; description: string }[];
  /** Whether another answer than those offered may be given. */
  is_other: boolean;
  is_secret: boolean;
}

/** Something that the agent asked: leave for an act (`decisions`), or an answer (`questions`). */
export interface Ask {
  id: string;
  kind:
    | 'command'
    | 'stdin'
    | 'file_change'
    | 'permissions'
    | 'mcp_tool'
    | 'questions'
    | 'form'
    | 'url';
  /** The item that waits for it. */
  item_id: string | null;
  /** The thread that asks: the turn's own, or a sub-agent's. */
  thread_id: string | null;
  reason: string | null;
  decisions: readonly Decision[];
  command: string | null;
  elsewhere: string | null;
  changes: readonly FileChange[];
  grant_root: string | null;
  permissions: string | null;
  /** The beginning of commands that `accept_with_rule` would always allow. */
  rule: string | null;
  host: string | null;
  server: string | null;
  tool: string | null;
  arguments: string | null;
  questions: readonly Question[];
  /** The JSON schema of a form's answers. */
  form: Record<string, unknown> | null;
  url: string | null;
  /** What was decided; an answered question counts as accepted. Null while it waits. */
  decision: Decision | null;
  /** `user`, `handler`, `timeout`, `error`, `nobody` or `turn`. */
  by: string | null;
  answers: Record<string, unknown> | null;
}
