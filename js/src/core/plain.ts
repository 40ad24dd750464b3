// Text made harmless to read: terminal escapes, control characters and bidirectional overrides.
// Text from the agent is hostile: what is shown must be what is there, in the order it is there.
// Knows nothing of HTML; elements are made from text, never from markup (see `markdown.tsx`).

/**
 * Every escape of a terminal: CSI; OSC, DCS and their like up to their end or the end of the line;
 * other escapes; 8-bit CSI.
 */
export const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are its subject
  /\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|\x9b[0-?]*[ -/]*[@-~]?/g;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are its subject
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

// What can make a line read otherwise than it runs (CVE-2021-42574, "Trojan Source").
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;

/** `text` as a terminal would leave it, without colours (which `ansi.ts` reads). */
export function plainTerminal(text: string): string {
  return printable(overwritten(text.replace(ESCAPES, '')));
}

/** `text` without control characters, its overrides written out; it must have no escapes. */
export function printable(text: string): string {
  return visible(text.replace(CONTROLS, ''));
}

/** `text` with its bidirectional overrides written out instead of obeyed. */
export function visible(text: string): string {
  return text.replace(OVERRIDES, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase()}⟩`);
}

// A carriage return goes back to the beginning of the line: of a progress bar the last state stays.
function overwritten(text: string): string {
  if (!text.includes('\r')) return text;
  const lines = text.split('\n').map((line) => {
    let end = line.length;
    while (line[end - 1] === '\r') end--;
    return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
  });
  return lines.join('\n');
}
