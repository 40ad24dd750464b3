// What an ask wants to be told, as the fields of a form; and what was filled in, as the answers that
// the kernel takes: texts for the agent's questions, typed values for an MCP server's form. Pure.

import type { Ask } from './asks.ts';

interface Choice {
  value: unknown;
  label: string;
  description: string;
}

export interface Field {
  id: string;
  header: string;
  label: string;
  type: 'text' | 'secret' | 'number' | 'integer' | 'boolean' | 'one' | 'many';
  choices: readonly Choice[];
  /** Whether another answer than the choices may be given. */
  other: boolean;
  required: boolean;
  initial: unknown;
  least: number | null;
  most: number | null;
}

/** What was filled in: texts of a field, or the numbers of its choices; `other` beside them. */
export interface Filled {
  texts: readonly string[];
  other: string;
}

export const OTHER = 'other';

/** The fields to fill in. */
export function fieldsOf(ask: Ask): Field[] {
  if (ask.form) return formFields(ask.form);
  return ask.questions.map(({ id, header, question, options, is_other, is_secret }) => ({
    id,
    header,
    label: question,
    type: options.length ? 'one' : is_secret ? 'secret' : 'text',
    choices: options.map(({ label, description }) => ({ value: label, label, description })),
    other: is_other,
    required: true,
    initial: undefined,
    least: null,
    most: null,
  }));
}

type Json = Record<string, unknown>;

function formFields(form: Json): Field[] {
  const required = list(form.required);
  return Object.entries(object(form.properties)).map(([id, raw]) => {
    const told = object(raw);
    const items = choicesOf(object(told.items));
    const choices = told.type === 'array' ? items : choicesOf(told);
    const numeric = told.type === 'number' || told.type === 'integer';
    const type = told.type === 'array' ? 'many' : choices.length ? 'one' : told.type;
    const title = text(told.title) || id;
    return {
      id,
      header: told.description ? title : '',
      label: text(told.description) || title,
      type: (TYPES.has(type) ? type : 'text') as Field['type'],
      choices,
      other: false,
      required: required.includes(id),
      initial: told.default,
      least: bound(numeric ? told.minimum : told.minLength),
      most: bound(numeric ? told.maximum : told.maxLength),
    };
  });
}

const TYPES: ReadonlySet<unknown> = new Set(['number', 'integer', 'boolean', 'one', 'many']);

function choicesOf(told: Json): Choice[] {
  const names = list(told.enumNames);
  const plain = list(told.enum).map((value, at) => [value, names[at]]);
  const named = [...list(told.oneOf), ...list(told.anyOf)].map((one) => {
    const { const: value, title } = object(one);
    return [value, title];
  });
  return [...plain, ...named].map(([value, name]) => ({
    value,
    label: text(name) || (typeof value === 'string' ? value : JSON.stringify(value)),
    description: '',
  }));
}

/** The answers, or for each field that stands in the way what is wrong with it. */
export function answersOf(
  ask: Ask,
  fields: readonly Field[],
  filled: readonly Filled[],
): { answers: Json; faults: readonly (string | null)[] } {
  // Without a prototype, because the fields' names are the server's.
  const answers: Json = Object.create(null);
  const faults = fields.map((field, at) => {
    const { value, fault } = readField(field, filled[at] ?? { texts: [], other: '' });
    if (value !== undefined) answers[field.id] = ask.kind === 'questions' ? [value] : value;
    return (
      fault ?? (value === undefined && field.required ? (MISSING[field.type] ?? NEEDED) : null)
    );
  });
  return { answers, faults };
}

const NEEDED = 'An answer is needed.';
const MISSING: Partial<Record<Field['type'], string>> = {
  number: 'A number is needed.',
  integer: 'A whole number is needed.',
};

function readField(field: Field, { texts, other }: Filled): { value?: unknown; fault?: string } {
  const [said = ''] = texts;
  const { type, choices, least, most } = field;
  switch (type) {
    case 'boolean':
      return { value: texts.length > 0 };
    case 'many':
      return texts.length ? { value: texts.map((at) => choices[Number(at)]?.value) } : {};
    case 'one':
      if (said === OTHER) return other.trim() ? { value: other } : { fault: NEEDED };
      return { value: said === '' ? undefined : choices[Number(said)]?.value };
    case 'number':
    case 'integer': {
      if (!said.trim()) return {};
      const value = Number(said);
      if (!(type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)))
        return { fault: MISSING[type] ?? NEEDED };
      return between(value, least, most, '') ?? { value };
    }
    default:
      if (!said) return {};
      return between([...said].length, least, most, ' characters') ?? { value: said };
  }
}

function between(value: number, least: number | null, most: number | null, unit: string) {
  if (least !== null && value < least) return { fault: `At least ${least}${unit}.` };
  if (most !== null && value > most) return { fault: `At most ${most}${unit}.` };
  return null;
}

/** The address if it leads to a page, as a browser would go to it; null for any other. */
export function pageAddress(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.href : null;
}

// The schema is a server's, so nothing about it is certain.
function object(value: unknown): Json {
  return value && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function bound(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
