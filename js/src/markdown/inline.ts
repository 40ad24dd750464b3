// The inlines of a text: what stands between the signs, and which signs are only text.
// Reads from left to right once; whatever looks ahead remembers what it did not find, so that signs
// without end cost no more than their number. Addresses come from `links.ts`, emphasis from `emphasis.ts`.

import { decodeEntities } from '../core/entities.ts';
import { pair, type Run, runOf } from './emphasis.ts';
import { Ends } from './ends.ts';
import { addressOf, keyOf, labelAt, matchAt, targetAt } from './links.ts';
import { build, type Mark, type Piece } from './spans.ts';
import { TAG } from './starts.ts';
import type { Inline, Links } from './tree.ts';

const SIGN = /[\\`*_~[\]!<$@\n]|https?:\/\/|www\./gi;
const RUN = /\*+|_+|~+|`+/y;
const BRACKETED = /<(?:([a-z][a-z\d+.-]{1,31}:[^\s<>]*)|([\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+))>/iy;
const HTML = new RegExp(TAG, 'iy');
const URL = /(?:https?:\/\/|www\.)[a-z\d][^\s<`]*/iy;
const DOMAIN = /@[a-z\d-]+(?:\.[a-z\d-]+)*\.[a-z\d]+(?![\w-])/iy;
const PUNCTUATION = /[!-/:-@[-`{-~]/;

// More backticks in a row are none: every length costs one look at the text.
const MOST_BACKTICKS = 32;

/** A bracket that may begin a link. */
interface Bracket {
  piece: Mark;
  /** Where its text begins, and how many runs come before it. */
  at: number;
  runs: number;
  image: boolean;
  /** Whether another bracket is in it; a label has none. */
  holds?: boolean;
}

export function inlinesOf(text: string, links: Links): Inline[] {
  return new Scanner(text, links).scan();
}

class Scanner {
  #at = 0;
  readonly #pieces: Piece[] = [];
  readonly #runs: Run[] = [];
  readonly #brackets: Bracket[] = [];
  readonly #ends: Ends;
  /** Where the text of the last link began: links hold no links, so what is around it is none. */
  #linked = 0;

  constructor(
    private readonly text: string,
    private readonly links: Links,
  ) {
    this.#ends = new Ends(text);
  }

  scan(): Inline[] {
    const { text } = this;
    let from = 0;
    for (;;) {
      SIGN.lastIndex = this.#at;
      const match = SIGN.exec(text);
      if (!match) break;
      const at = match.index;
      this.#at = at;
      const read = this.#sign(match[0], from);
      // A sign that is none is left to the text around it.
      if (!read) this.#at = Math.max(this.#at, at + 1);
      else from = this.#at;
    }
    this.#say(from, text.length);
    pair(this.#runs, 0);
    return build(this.#pieces);
  }

  /** Reads what begins at `at` with `sign`; says whether it was anything. `from` is where text began. */
  #sign(sign: string, from: number): boolean {
    const { text } = this;
    const at = this.#at;
    const before = () => this.#say(from, at);
    const put = (length: number, ...pieces: Piece[]): true => {
      before();
      this.#pieces.push(...pieces);
      this.#at = at + length;
      return true;
    };
    const next = text[at + 1] ?? '';
    switch (sign) {
      case '\\': {
        if (next === '\n') return put(2, { type: 'break' });
        const end =
          next === '('
            ? this.#ends.find('\\)', this.#at + 1)
            : next === '['
              ? this.#ends.find('\\]', this.#at + 1)
              : -1;
        // Links that are written out are escaped in the same way.
        if (end > at + 2 && !/[([:]/.test(text[end + 2] ?? '')) return this.#math(put, end + 2);
        return PUNCTUATION.test(next) && put(2, next);
      }
      case '\n': {
        let end = at;
        while (text[end - 1] === ' ' && end > from) end--;
        this.#say(from, end);
        this.#pieces.push(at - end > 1 ? { type: 'break' } : '\n');
        this.#at = at + 1;
        return true;
      }
      case '`': {
        const fence = matchAt(RUN, text, at)?.[0] as string;
        const start = at + fence.length;
        this.#at = start;
        const end = fence.length > MOST_BACKTICKS ? -1 : this.#ends.find(fence, this.#at + 1);
        if (end < 0) return false;
        const code = text.slice(start, end).replace(/\n/g, ' ');
        const padded = /^ .* $/.test(code) && /[^ ]/.test(code);
        const shown = padded ? code.slice(1, -1) : code;
        return put(end + fence.length - at, { type: 'code', text: shown });
      }
      case '$': {
        const end = this.#ends.find(next === '$' ? '$$' : '$', this.#at + 1);
        if (end < 0 || /\s/.test(next)) return false;
        if (next === '$') return end > at + 2 && this.#math(put, end + 2);
        const tick = this.#ends.find('`', at);
        return (tick < 0 || tick > end) && this.#math(put, end + 1);
      }
      case '<': {
        const link = matchAt(BRACKETED, text, at);
        if (link) {
          const [whole, url, mail] = link;
          const href = url ?? `mailto:${mail}`;
          return put(whole.length, { type: 'link', href, children: [url ?? (mail as string)] });
        }
        const html = this.#html();
        return html > at && put(html - at, text.slice(at, html));
      }
      case '@': {
        const name = /[\w.+-]+$/.exec(text.slice(Math.max(from, at - 64), at))?.[0];
        const domain = name && matchAt(DOMAIN, text, at)?.[0];
        if (!domain || /[a-z\d]_$/i.test(text.slice(0, at - name.length).slice(-2))) return false;
        this.#say(from, at - name.length);
        const mail = name + domain;
        this.#pieces.push({ type: 'link', href: `mailto:${mail}`, children: [mail] });
        this.#at = at + domain.length;
        return true;
      }
      case '!':
        if (next !== '[') return false;
        before();
        return this.#bracket('![');
      case '[':
        before();
        return this.#bracket('[');
      case ']':
        before();
        return this.#closeBracket();
      case '*':
      case '_':
      case '~': {
        const run = matchAt(RUN, text, at)?.[0] as string;
        // Two units at most are one character.
        const left = [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? '';
        const piece = runOf(run, left, text.slice(at + run.length, at + run.length + 2));
        this.#runs.push(piece);
        return put(run.length, piece);
      }
      default: {
        const url = /[\p{L}\d]/u.test(text[at - 1] ?? '') ? null : matchAt(URL, text, at);
        this.#at = at + sign.length;
        if (!url) return false;
        const shown = addressOf(url[0], this.#brackets.length > 0);
        const words = decodeEntities(shown);
        const href = /^w/i.test(words) ? `http://${words}` : words;
        return put(shown.length, { type: 'link', href, children: [words] });
      }
    }
  }

  #say(from: number, to: number): void {
    if (to > from) this.#pieces.push(decodeEntities(this.text.slice(from, to)));
  }

  #math(put: (length: number, piece: Piece) => true, end: number): true {
    return put(end - this.#at, { type: 'math', text: this.text.slice(this.#at, end) });
  }

  #bracket(text: '[' | '!['): true {
    const piece: Mark = { type: 'mark', text, closes: 0, opens: [] };
    const outer = this.#brackets.at(-1);
    if (outer) outer.holds = true;
    this.#at += text.length;
    this.#brackets.push({ piece, at: this.#at, runs: this.#runs.length, image: text !== '[' });
    this.#pieces.push(piece);
    return true;
  }

  #closeBracket(): true {
    const brackets = this.#brackets;
    const start = this.#at++;
    const bracket = brackets.pop();
    const target =
      bracket && (bracket.image || bracket.at > this.#linked) ? this.#target(bracket, start) : null;
    if (!bracket || !target) {
      this.#pieces.push(']');
      return true;
    }
    const { image, piece, runs } = bracket;
    pair(this.#runs, runs);
    piece.text = '';
    piece.opens.push({ type: image ? 'image' : 'link', href: target.href, children: [] });
    this.#pieces.push({ type: 'mark', text: '', closes: 1, opens: [] });
    if (!image) this.#linked = bracket.at;
    this.#at = target.end;
    return true;
  }

  #target({ at, holds }: Bracket, end: number): { href: string; end: number } | null {
    const inline = targetAt(this.text, end + 1);
    if (inline || this.links.size === 0) return inline;
    const given = labelAt(this.text, end + 1);
    if (!given && (holds || end - at > 999)) return null;
    const empty = this.text.startsWith('[]', end + 1);
    const href = this.links.get(keyOf(given ? given.label : this.text.slice(at, end)));
    return href === undefined ? null : { href, end: given?.end ?? end + (empty ? 3 : 1) };
  }

  #html(): number {
    const { text } = this;
    const at = this.#at;
    const tag = matchAt(HTML, text, at);
    if (tag) return at + tag[0].length;
    const end = text.startsWith('<!--', at)
      ? '-->'
      : text.startsWith('<![CDATA[', at)
        ? ']]>'
        : text[at + 1] === '?'
          ? '?>'
          : /^<![a-z]/i.test(text.slice(at, at + 3))
            ? '>'
            : '';
    const found = end ? this.#ends.find(end, this.#at + 1) : -1;
    return found < 0 ? -1 : found + end.length;
  }
}
