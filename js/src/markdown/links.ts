// Where links lead: `(address "title")` after a text, and definitions `[label]: address "title"`.
// Every pattern stops at what cannot belong to it, so that reading costs its length.

import { decodeEntities } from '../core/entities.ts';
import type { Links } from './tree.ts';

const SPACE = /[ \t]*\n?[ \t]*/y;
const ANGLED = /<((?:[^<>\n\\]|\\.)*)>/y;
const TITLE = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|\((?:[^()\\]|\\[\s\S])*\)/y;
const LABEL = /\[((?:[^\\[\]]|\\[\s\S]){1,999})\]/y;
const END_OF_LINE = /[ \t]*(?:\n|$)/y;

// More nested parentheses than an address has; without an end each of many tries would read it all.
const MOST_PARENTHESES = 32;

/** What `pattern` matches exactly at `at`; it must be sticky. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** `text` with its backslash escapes and character references read. */
export function unescaped(text: string): string {
  return text
    .split(/(\\[!-/:-@[-`{-~])/)
    .map((part, at) => (at % 2 ? part[1] : decodeEntities(part)))
    .join('');
}

export function labelAt(text: string, at: number): { label: string; end: number } | null {
  const match = matchAt(LABEL, text, at);
  return match && { label: match[1] as string, end: at + match[0].length };
}

/** A label as it is looked up. */
export function keyOf(label: string): string {
  return label.trim().replace(/\s+/g, ' ').toLowerCase();
}

/** The address in parentheses at `at`, as after the text of a link. */
export function targetAt(text: string, at: number): { href: string; end: number } | null {
  const address = text[at] === '(' && addressAt(text, skip(text, at + 1));
  if (!address) return null;
  let end = skip(text, address.end);
  const title = end > address.end && matchAt(TITLE, text, end);
  if (title) end = skip(text, end + title[0].length);
  return text[end] === ')' ? { href: address.href, end: end + 1 } : null;
}

/** Takes the definitions off the beginning of a paragraph; the first of a label is the one that counts. */
export function takeDefinitions(paragraph: string, links: Links): string {
  let text = paragraph;
  while (text[0] === '[') {
    const label = labelAt(text, 0);
    if (!label?.label.trim() || text[label.end] !== ':') break;
    const start = skip(text, label.end + 1);
    const address = addressAt(text, start);
    if (!address || address.end === start) break;
    let end = matchAt(END_OF_LINE, text, address.end);
    const titled = skip(text, address.end);
    const title = titled > address.end && matchAt(TITLE, text, titled);
    if (title) end = matchAt(END_OF_LINE, text, titled + title[0].length) ?? end;
    if (!end) break;
    const key = keyOf(label.label);
    if (!links.has(key)) links.set(key, address.href);
    text = text.slice(end.index + end[0].length);
  }
  return text;
}

/** The address that `found` begins with, without what ends a sentence or what the address stands in. */
export function addressOf(found: string, bracketed: boolean): string {
  let end = bracketed ? found.search(/[[\]]|$/) : found.length;
  let open = 0;
  for (let at = 0; at < end; at++) open += found[at] === '(' ? 1 : found[at] === ')' ? -1 : 0;
  for (;;) {
    const last = found[end - 1] as string;
    const reference = last === ';' && /&\w+;$/.exec(found.slice(Math.max(0, end - 32), end));
    if (reference) end -= reference[0].length - 1;
    else if (last === ')' && open < 0) open++;
    else if (!/[?!.,:;*_'"~]/.test(last)) return found.slice(0, end);
    end--;
  }
}

function skip(text: string, at: number): number {
  return at + (matchAt(SPACE, text, at)?.[0].length ?? 0);
}

function addressAt(text: string, at: number): { href: string; end: number } | null {
  if (text[at] === '<') {
    const angled = matchAt(ANGLED, text, at);
    return angled && { href: unescaped(angled[1] as string), end: at + angled[0].length };
  }
  let depth = 0;
  let end = at;
  for (; end < text.length; end++) {
    const c = text[end] as string;
    if (c <= ' ' || c === '\x7f') break;
    if (c === '\\' && /[!-/:-@[-`{-~]/.test(text[end + 1] ?? '')) end++;
    else if (c === '(' && ++depth > MOST_PARENTHESES) return null;
    else if (c === ')' && --depth < 0) break;
  }
  return depth > 0 ? null : { href: unescaped(text.slice(at, end)), end };
}
