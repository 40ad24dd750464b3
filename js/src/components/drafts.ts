// What was typed and not sent, kept by the page itself: the panel may be gone at the end of a turn
// and the page may be loaded anew. By thread, so that it comes back where it belongs.

const KEY = 'codex-notebook-draft-';

export function keptDraft(thread: string | null): string {
  try {
    return sessionStorage.getItem(KEY + thread) ?? '';
  } catch {
    // Sandboxed pages have no storage; then the draft lives as long as its box.
    return '';
  }
}

export function keepDraft(thread: string | null, text: string): void {
  try {
    if (text) sessionStorage.setItem(KEY + thread, text);
    else sessionStorage.removeItem(KEY + thread);
  } catch {
    // As above.
  }
}
