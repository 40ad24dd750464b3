// What markdown is once it is read: blocks, and the inlines of a line of text.
// Plain values. A block that more text cannot change is never changed again, so whoever draws it may
// go by its identity. Knows neither how they are read nor how they look.

export type Align = 'left' | 'center' | 'right' | '';

export type Block =
  | { type: 'paragraph'; text: string }
  | { type: 'heading'; level: number; text: string }
  | { type: 'code'; text: string; language: string }
  | { type: 'html'; text: string }
  | { type: 'math'; text: string }
  | { type: 'rule' }
  | { type: 'table'; align: Align[]; rows: string[][] }
  | List
  | Container;

export interface List {
  type: 'list';
  /** The character that its items share: `-`, `*`, `+`, `.` or `)`. */
  mark: string;
  /** The number of the first item; null without numbers. */
  start: number | null;
  loose: boolean;
  children: Block[];
}

export interface Container {
  type: 'root' | 'quote' | 'item';
  children: Block[];
  /** Of a task: whether it is done. */
  done?: boolean;
}

export type Inline = string | { type: 'code' | 'math'; text: string } | { type: 'break' } | Span;

export interface Span {
  type: 'strong' | 'em' | 'del' | 'link' | 'image';
  /** Where a link leads, or an image is. */
  href?: string;
  children: Inline[];
}

/** Addresses by label, as `[label]: address` defines them. */
export type Links = Map<string, string>;

/** Deeper than people write, and far from where drawing exhausts the stack. */
export const DEEPEST = 24;
