// The words that the kernel and the panel share: views, cards, operations and messages.
// The kernel's side of this contract is `codex_notebook/core/view.py`. No behaviour lives here.

import type { Ask, Decision } from './asks.ts';
import type { Text } from './text.ts';

/** Text that may be long and may grow: a string until it first grows, then a `Text`. */
export type LongText = string | Text;

/** The fields that hold such text. */
export type LongField = 'text' | 'raw_text' | 'output' | 'result' | 'raw';

export type TurnStatus = 'pending' | 'running' | 'completed' | 'failed' | 'interrupted';

export interface Usage {
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
  reasoning_output_tokens: number;
}

export interface Header {
  status: TurnStatus;
  interrupting: boolean;
  prompt: string;
  model: string | null;
  effort: string | null;
  sandbox: string | null;
  cwd: string | null;
  output_type: string | null;
  thread_id: string | null;
  thread_name: string | null;
  /** Only the live transport tells it, so it also says that the turn can be steered. */
  turn_id: string | null;
  started_at: number | null;
  ended_at: number | null;
  usage: Usage | null;
  thread_usage: Usage | null;
  /** How many tokens the model last had in view, and how many it can have. */
  context_tokens: number | null;
  context_window: number | null;
  error: string | null;
  notices: readonly string[];
}

interface CardBase {
  id: string;
  /** `in_progress`, `completed`, `failed`, `declined`, or whatever a newer CLI says. */
  status: string;
  started_at: number | null;
  ended_at: number | null;
}

export interface MessageCard extends CardBase {
  kind: 'message';
  text: LongText;
  /** `commentary` on the way, or `final_answer`; null where the CLI does not say. */
  phase: string | null;
}

/** What the user said while the turn ran. */
export interface UserCard extends CardBase {
  kind: 'user';
  text: LongText;
}

export interface ReasoningCard extends CardBase {
  kind: 'reasoning';
  /** A summary. */
  text: LongText;
  /** The reasoning itself, where the model shows it. */
  raw_text: LongText;
}

export interface CommandCard extends CardBase {
  kind: 'command';
  command: string;
  output: LongText;
  exit_code: number | null;
  /** Where it ran, if not in the working directory. */
  elsewhere: string | null;
  duration_ms: number | null;
}

export interface FileChange {
  path: string;
  moved_to: string | null;
  change: string;
  diff: string | null;
  note: string | null;
  added: number;
  removed: number;
}

export interface FilesCard extends CardBase {
  kind: 'files';
  changes: readonly FileChange[];
}

export interface TodoCard extends CardBase {
  kind: 'todo';
  items: readonly { text: string; completed: boolean }[];
}

export interface PlanCard extends CardBase {
  kind: 'plan';
  text: LongText;
}

export interface ToolCard extends CardBase {
  kind: 'tool';
  name: string;
  arguments: string;
  result: LongText | null;
  error: string | null;
  /** Data URLs of known types. */
  images: readonly string[];
  duration_ms: number | null;
}

export interface AgentCard extends CardBase {
  kind: 'agent';
  name: string;
  prompt: string;
  /** The agents that it is about, as they stand. */
  agents: readonly { thread_id: string; status: string; message: string | null }[];
}

export interface SearchCard extends CardBase {
  kind: 'search';
  query: string;
  /** Of a search that was several at once, the others. */
  queries: readonly string[];
  /** The page that was opened, and what was looked for in it. */
  url: string | null;
  pattern: string | null;
  /** All of it, as JSON. */
  action: string;
}

/** Something else that happened, in a line. */
export interface ActivityCard extends CardBase {
  kind: 'activity';
  label: string;
}

export interface ErrorCard extends CardBase {
  kind: 'error';
  message: string;
}

export interface UnknownCard extends CardBase {
  kind: 'unknown';
  type: string;
  raw: LongText;
}

export type Card =
  | MessageCard
  | UserCard
  | ReasoningCard
  | CommandCard
  | FilesCard
  | TodoCard
  | PlanCard
  | ToolCard
  | AgentCard
  | SearchCard
  | ActivityCard
  | ErrorCard
  | UnknownCard;

export interface View {
  header: Header;
  cards: readonly Card[];
  asks: readonly Ask[];
}

export type Operation =
  | ['header', Partial<Header>]
  | ['card', Card]
  | ['set', string, Record<string, unknown>]
  | ['replace', string, Card]
  | ['append', string, string, string]
  | ['ask', number, Ask]
  | ['reset', View];

/** What the kernel sends. `at` is its clock when it sent, in seconds since the epoch. */
export type FromKernel =
  | { op: 'frame'; seq: number; at: number; ops: Operation[] }
  | { op: 'snapshot'; seq: number; at: number; view: View }
  /** Whether what was asked for by the command of that number was done; if not, why. */
  | { op: 'reply'; ref: number; error: string | null };

/** What the reader wants done to the turn. */
export type Command =
  | { op: 'respond'; id: string; decision: Decision }
  | { op: 'answer'; id: string; answers: Record<string, unknown> | null }
  | { op: 'steer'; text: string };

/** What the panel sends. `have` is the number of the last frame that it holds. */
export type ToKernel =
  | { op: 'hello'; have: number }
  | { op: 'resync'; have: number }
  | { op: 'interrupt' }
  | (Command & { ref: number });

/** What a panel shows before it has heard anything; frame 1 builds on it. */
export const EMPTY_VIEW: View = {
  header: {
    status: 'pending',
    interrupting: false,
    prompt: '',
    model: null,
    effort: null,
    sandbox: null,
    cwd: null,
    output_type: null,
    thread_id: null,
    thread_name: null,
    turn_id: null,
    started_at: null,
    ended_at: null,
    usage: null,
    thread_usage: null,
    context_tokens: null,
    context_window: null,
    error: null,
    notices: [],
  },
  cards: [],
  asks: [],
};

/** Whether a turn of this status is over. */
export function hasEnded(status: TurnStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'interrupted';
}
