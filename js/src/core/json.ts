// JSON laid out for reading without reading it: numbers and strings stay as they were written, where
// parsing and writing would turn 10.0 into 10 and round long integers.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** `text` with one value to a line, or null if it is no JSON object or array. */
export function indentJson(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let out = '';
  let depth = 0;
  let last = '';
  const newline = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(TOKEN)) {
    const opens = token === '{' || token === '[';
    const closes = token === '}' || token === ']';
    const empty = closes && (last === '{' || last === '[');
    if (closes) depth--;
    if (last === ',' || last === '{' || last === '[' || closes) out += empty ? '' : newline();
    if (last === ':') out += ' ';
    out += token;
    if (opens) depth++;
    last = token;
  }
  return out;
}
