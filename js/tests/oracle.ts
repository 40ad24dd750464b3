// Two readings of a markdown in one form, to be compared: ours, and that of `marked`, which reads what
// GitHub does. The form says what is drawn and no more, so that the ways to hold it may differ.

import { Lexer, type MarkedToken, type Token } from 'marked';
import { decodeEntities } from '../src/core/entities.ts';
import { Growth, type Reading } from '../src/markdown/growth.ts';
import { inlinesOf } from '../src/markdown/inline.ts';
import type { Block, Inline, Links } from '../src/markdown/tree.ts';

export type Form = string | Form[];

export function ours(source: string): Form[] {
  return formOf(new Growth().read(source, true));
}

export function formOf({ blocks, links }: Reading): Form[] {
  return blocks.map((block) => blockForm(block, links));
}

export function theirs(source: string): Form[] {
  return tokenForms(new Lexer({ gfm: true }).lex(source));
}

function blockForm(block: Block, links: Links): Form {
  const text = (source: string) => joined(inlinesOf(source, links).map(inlineForm));
  switch (block.type) {
    case 'paragraph':
      return ['p', ...text(block.text)];
    case 'heading':
      return [`h${block.level}`, ...text(block.text)];
    case 'code':
      return ['pre', block.language, block.text.replace(/\n$/, '')];
    case 'html':
      return ['html', block.text.trimEnd()];
    case 'math':
      return ['math', block.text.trimEnd()];
    case 'rule':
      return ['hr'];
    case 'table': {
      const { align, rows } = block;
      const cells = rows.map((row) => align.map((_, at) => text(row[at] ?? '')));
      return ['table', align.join(), ...cells];
    }
    case 'list': {
      const kind = block.start === null ? 'ul' : `ol ${block.start}`;
      return [
        block.loose ? `${kind} loose` : kind,
        ...block.children.map((b) => blockForm(b, links)),
      ];
    }
    case 'item':
      return [taskForm(block.done), ...block.children.map((b) => blockForm(b, links))];
    default:
      return [block.type, ...block.children.map((b) => blockForm(b, links))];
  }
}

function inlineForm(inline: Inline): Form {
  if (typeof inline === 'string') return inline;
  if (inline.type === 'break') return ['br'];
  if (!('children' in inline)) return [inline.type, inline.text];
  const children = joined(inline.children.map(inlineForm));
  if (inline.type === 'image') return ['image', inline.href ?? '', words(children)];
  return inline.type === 'link'
    ? ['link', inline.href ?? '', ...children]
    : [inline.type, ...children];
}

function tokenForms(tokens: readonly Token[] | undefined): Form[] {
  return (tokens ?? [])
    .filter(({ type }) => !['space', 'def', 'checkbox'].includes(type))
    .map(tokenForm);
}

function tokenForm(any: Token): Form {
  const token = any as MarkedToken;
  switch (token.type) {
    case 'paragraph':
      return ['p', ...joined(tokenForms(token.tokens))];
    case 'heading':
      return [`h${token.depth}`, ...joined(tokenForms(token.tokens))];
    case 'code':
      return ['pre', decodeEntities(token.lang ?? ''), token.text.replace(/\n$/, '')];
    case 'hr':
      return ['hr'];
    case 'blockquote':
      return ['quote', ...tokenForms(token.tokens)];
    case 'table': {
      const cells = (row: typeof token.header) =>
        row.map((cell) => joined(tokenForms(cell.tokens)));
      const align = token.align.map((side) => side ?? '').join();
      return ['table', align, cells(token.header), ...token.rows.map(cells)];
    }
    case 'list': {
      const kind = token.ordered ? `ol ${token.start}` : 'ul';
      const items = token.items.map((item) => [
        taskForm(item.task ? item.checked : undefined),
        ...tokenForms(item.tokens).map((form) =>
          isBlock(form) ? form : ['p', ...joined([form].flat())],
        ),
      ]);
      return [token.loose ? `${kind} loose` : kind, ...items];
    }
    case 'html':
      return token.block ? ['html', token.text.trimEnd()] : token.text;
    case 'text':
      return token.tokens ? ['p', ...joined(tokenForms(token.tokens))] : decodeEntities(token.text);
    case 'escape':
      return token.text;
    case 'codespan':
      return ['code', token.text];
    case 'br':
      return ['br'];
    case 'strong':
    case 'em':
    case 'del':
      return [token.type, ...joined(tokenForms(token.tokens))];
    case 'link':
      return ['link', decodeEntities(token.href), ...joined(tokenForms(token.tokens))];
    case 'image':
      return ['image', decodeEntities(token.href), words(joined(tokenForms(token.tokens)))];
    default:
      return [(token as Token).type];
  }
}

function isBlock(form: Form): boolean {
  return Array.isArray(form);
}

function taskForm(done: boolean | undefined): string {
  return done === undefined ? 'li' : done ? 'li [x]' : 'li [ ]';
}

/** Neighbouring texts as one, with no space around the ends of lines. */
function joined(forms: Form[]): Form[] {
  const all: Form[] = [];
  for (const form of forms) {
    const last = all.at(-1);
    if (typeof form === 'string' && typeof last === 'string') all[all.length - 1] = last + form;
    else all.push(form);
  }
  return all
    .map((form) => (typeof form === 'string' ? form.replace(/[ \t]*\n[ \t]*/g, '\n') : form))
    .map((form, at) => (at === 0 && typeof form === 'string' ? form.trimStart() : form))
    .map((form, at) => (at === all.length - 1 && typeof form === 'string' ? form.trimEnd() : form))
    .filter((form) => form !== '');
}

function words(forms: Form[]): string {
  const held = (form: Form[]) => form.slice(form[0] === 'link' || form[0] === 'image' ? 2 : 1);
  return forms.map((form) => (typeof form === 'string' ? form : words(held(form)))).join('');
}
