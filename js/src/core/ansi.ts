// The colours of a terminal: text with escapes as runs of printable text, each with its style.
// Reads the same escapes as `plain.ts` drops, and obeys only those that set a style (SGR). Colours
// come out as CSS made of numbers that were parsed, never of text that was said.

import { ESCAPES, printable } from './plain.ts';

type Rgb = readonly [number, number, number];
/** One of the sixteen that a theme names, or a colour of its own. */
type Colour = number | Rgb;

export interface Style {
  ink: Colour | null;
  paper: Colour | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
}

export interface Run {
  text: string;
  style: Style;
}

/** What a piece of text hands on to the one after it. */
export interface Pen {
  style: Style;
  /** The beginning of an escape that the piece ended in. */
  rest: string;
}

const PLAIN: Style = {
  ink: null,
  paper: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
};

/** How every text begins. */
export const FRESH: Pen = { style: PLAIN, rest: '' };

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are its subject
const SGR = /^(?:\x1b\[|\x9b)([\d;:]*)m$/;
// No escape that matters is longer, so the search for one that was cut looks at no more.
const LONGEST = 256;
const CUT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are its subject
  /(?:\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)|\x9b[0-?]*[ -/]*)$/;

/** `text` as a terminal would leave it; the runs together are what `plainTerminal` gives. */
export function paint(text: string, pen: Pen = FRESH): Run[] {
  const runs: Run[] = [];
  let returned = false;
  walk(text, pen, (piece, style) => {
    for (const [at, part] of piece.split('\r').entries()) {
      returned ||= at > 0;
      if (!part) continue;
      // A carriage return goes back to the beginning of the line, which what follows writes over.
      if (returned && part[0] !== '\n') eraseLine(runs);
      returned = false;
      const shown = printable(part);
      const last = runs.at(-1);
      if (last?.style === style) last.text += shown;
      else if (shown) runs.push({ text: shown, style });
    }
  });
  return runs;
}

/** The pen at the end of `text`: cheaper than painting what is not shown. */
export function penAfter(text: string, pen: Pen): Pen {
  return walk(text, pen, () => undefined);
}

function walk(text: string, pen: Pen, put: (piece: string, style: Style) => void): Pen {
  const whole = pen.rest + text;
  const tail = whole.slice(-LONGEST);
  const rest = CUT.exec(tail)?.[0] ?? '';
  const source = rest ? whole.slice(0, -rest.length) : whole;
  let { style } = pen;
  let from = 0;
  for (const match of source.matchAll(ESCAPES)) {
    if (match.index > from) put(source.slice(from, match.index), style);
    from = match.index + match[0].length;
    const sgr = SGR.exec(match[0]);
    if (sgr) style = restyled(style, sgr[1] ?? '');
  }
  if (from < source.length) put(source.slice(from), style);
  return { style, rest };
}

function eraseLine(runs: Run[]): void {
  for (let last = runs.at(-1); last; last = runs.at(-1)) {
    const end = last.text.lastIndexOf('\n') + 1;
    last.text = last.text.slice(0, end);
    if (end > 0) return;
    runs.pop();
  }
}

type Key = keyof Style;
const SET: Record<number, Key> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  9: 'strike',
  21: 'underline',
};
const UNSET: Record<number, readonly Key[]> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  29: ['strike'],
};

function restyled(before: Style, parameters: string): Style {
  if (!parameters || parameters === '0') return PLAIN;
  const style: Record<Key, unknown> = { ...before };
  const groups = parameters.split(';');
  while (groups.length > 0) {
    const [code = 0, ...more] = (groups.shift() ?? '').split(':').map(Number);
    const set = SET[code];
    if (code === 0) Object.assign(style, PLAIN);
    else if (set) style[set] = more[0] !== 0;
    else if (code === 38 || code === 48) {
      style[code === 38 ? 'ink' : 'paper'] = extended(more, groups);
    } else if (code >= 30 && code <= 37) style.ink = code - 30;
    else if (code >= 90 && code <= 97) style.ink = code - 82;
    else if (code >= 40 && code <= 47) style.paper = code - 40;
    else if (code >= 100 && code <= 107) style.paper = code - 92;
    else if (code === 39) style.ink = null;
    else if (code === 49) style.paper = null;
    else for (const key of UNSET[code] ?? []) style[key] = false;
  }
  for (const key in style) {
    if (style[key as Key] !== PLAIN[key as Key]) return style as unknown as Style;
  }
  return PLAIN;
}

// `38;5;n` and `38;2;r;g;b`, also with colons, where the colour space may stand before the numbers.
function extended(more: number[], groups: string[]): Colour | null {
  const kind = more.length > 0 ? more[0] : Number(groups.shift());
  const wanted = kind === 5 ? 1 : kind === 2 ? 3 : 0;
  const given =
    more.length > 0 ? more.slice(1).slice(-wanted) : groups.splice(0, wanted).map(Number);
  const [r = 0, g = 0, b = 0] = given.map((n) => Math.min(255, n || 0));
  if (kind === 2) return [r, g, b];
  if (kind !== 5) return null;
  if (r < 16) return r;
  if (r > 231) return [8 + (r - 232) * 10, 8 + (r - 232) * 10, 8 + (r - 232) * 10];
  const level = (n: number) => (n % 6 ? 55 + (n % 6) * 40 : 0);
  return [level(Math.floor((r - 16) / 36)), level(Math.floor((r - 16) / 6)), level(r - 16)];
}

// The sixteen where they are paper, or lie on some: there the theme does not choose what is beneath.
const SIXTEEN: readonly Rgb[] = [
  [30, 30, 30],
  [190, 50, 45],
  [45, 140, 70],
  [178, 125, 0],
  [40, 100, 190],
  [150, 60, 160],
  [0, 130, 145],
  [205, 205, 205],
  [110, 110, 110],
  [230, 85, 75],
  [80, 185, 105],
  [225, 180, 60],
  [95, 155, 235],
  [205, 115, 210],
  [70, 190, 200],
  [250, 250, 250],
];
const NAMES = ['quiet', 'red', 'green', 'amber', 'accent', 'magenta', 'cyan', 'text'];
// Closer than this, in steps of lightness of 256, text cannot be told from what it lies on.
const APART = 95;

/** The style as CSS properties, in colours that can be read; null for plain text. */
export function css(style: Style): Record<string, string | number> | null {
  if (style === PLAIN) return null;
  const made: Record<string, string | number> = {};
  const { inverse } = style;
  const ink = inverse ? (style.paper ?? (style.ink === null ? 15 : 0)) : style.ink;
  const paper = inverse ? (style.ink ?? 8) : style.paper;
  if (paper !== null) {
    const beneath = numbers(paper);
    const asked = ink === null ? beneath : numbers(ink);
    const light = lightness(beneath);
    const close = Math.abs(lightness(asked) - light) < APART;
    made.backgroundColor = rgb(beneath);
    made.color = rgb(close ? (light > 128 ? [0, 0, 0] : [255, 255, 255]) : asked);
  } else if (ink !== null) made.color = readable(ink);
  if (style.bold) made.fontWeight = 600;
  if (style.dim) made.opacity = 0.75;
  if (style.italic) made.fontStyle = 'italic';
  const lines = [style.underline && 'underline', style.strike && 'line-through'].filter(Boolean);
  if (lines.length > 0) made.textDecoration = lines.join(' ');
  return made;
}

// On the theme's own surface: the sixteen are the theme's, and others are drawn towards its text's
// colour, the more so the lighter or darker they are.
function readable(ink: Colour): string {
  if (typeof ink === 'number') return `var(--cdx-${ink === 8 ? 'quiet' : NAMES[ink % 8]})`;
  const share = Math.round(85 - (Math.abs(lightness(ink) - 128) / 128) * 50);
  return `color-mix(in oklab, ${rgb(ink)} ${share}%, var(--cdx-text))`;
}

function numbers(colour: Colour): Rgb {
  return typeof colour === 'number' ? (SIXTEEN[colour] ?? [0, 0, 0]) : colour;
}

function rgb([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

function lightness([r, g, b]: Rgb): number {
  return 0.3 * r + 0.59 * g + 0.11 * b;
}
