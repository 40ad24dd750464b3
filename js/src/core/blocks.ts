// Markdown split into its top-level blocks, again and again while it grows, at the cost of its end.
// A block that more text cannot change is kept as the same object, so it is never drawn twice.
// Only splits; what the blocks look like is `markdown.tsx`.

import { Lexer, type Token } from 'marked';

export interface Blocks {
  readonly source: string;
  readonly tokens: readonly Token[];
  /** How many tokens, and how much text, more text at the end cannot change. */
  readonly settledTokens: number;
  readonly settledLength: number;
}

const NOTHING: Blocks = { source: '', tokens: [], settledTokens: 0, settledLength: 0 };

/** The blocks of `markdown`; `before` is what an earlier call gave for a beginning of it. */
export function split(markdown: string, before: Blocks = NOTHING): Blocks {
  // As the lexer does, but before it, so that the lengths of its tokens add up to the text's.
  const source = markdown.replace(/\r\n?/g, '\n');
  const grown = source.startsWith(before.source);
  const kept = grown ? before.tokens.slice(0, before.settledTokens) : [];
  const start = grown ? before.settledLength : 0;
  const fresh = lex(source.slice(start));
  const tokens = [...kept];
  for (const token of fresh) {
    const old = grown ? before.tokens[tokens.length] : undefined;
    tokens.push(old && old.raw === token.raw && old.type === token.type ? old : token);
  }
  // Only what lies before a blank line is settled: "text\n#" may yet become "text\n#hashtag".
  const open = fresh.findLastIndex((token) => token.type !== 'space');
  const blank = fresh.findLastIndex((token, at) => token.type === 'space' && at < open);
  const settled = fresh.slice(0, blank + 1);
  const settledLength = settled.reduce((sum, token) => sum + token.raw.length, start);
  return { source, tokens, settledTokens: kept.length + settled.length, settledLength };
}

/** The blocks of a text that is complete: links may be defined anywhere in it. */
export function splitComplete(markdown: string, before: Blocks = NOTHING): Blocks {
  const whole = split(markdown);
  const defines = whole.tokens.some((token) => token.type === 'def');
  if (defines) return whole;
  const tokens = whole.tokens.map((token, at) => {
    const old = before.tokens[at];
    return old && old.raw === token.raw && old.type === token.type ? old : token;
  });
  return { ...whole, tokens };
}

function lex(source: string): Token[] {
  try {
    return new Lexer({ gfm: true }).lex(source);
  } catch {
    // Nesting deep enough exhausts the lexer's stack; then the text is shown as it is.
    return [{ type: 'text', raw: source, text: source }];
  }
}
