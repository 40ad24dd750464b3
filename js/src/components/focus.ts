// Where the focus goes when it must go somewhere. Knows elements and keys, nothing of turns.

/** Puts the focus on something that is no control; a mere click does not, before or after. */
export function visit(element: HTMLElement): void {
  element.tabIndex = -1;
  element.focus();
  element.addEventListener('blur', () => element.removeAttribute('tabindex'), { once: true });
}

/** For the panel's `onKeyDown`: Alt+A goes to what waits, Escape back to the notebook. */
export function panelKeys(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const { currentTarget: panel, target } = event;
  if (event.isComposing || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key === 'Escape' && !event.altKey) {
    // A cell, in JupyterLab.
    const around = panel.parentElement?.closest<HTMLElement>('[tabindex]');
    if (around) around.focus();
    else (target as HTMLElement).blur();
  } else if (event.altKey && isA(event)) {
    const ask = panel.querySelector<HTMLElement>('.cdx-ask');
    if (!ask) return;
    event.preventDefault();
    visit(ask);
  }
}

// With Option, a Mac writes letters of other languages: where text is written, they come first.
function isA({ key, code, target }: KeyboardEvent): boolean {
  return key === 'a' || (code === 'KeyA' && !(target as Element).matches('textarea, input'));
}
