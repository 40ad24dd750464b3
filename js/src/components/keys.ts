// Who gets the keys pressed in a box that scrolls. JupyterLab takes the arrows for its own commands,
// unless the focused element opts out (Lumino's attribute, read from the event's target upwards).

/**
 * For `onFocus`: a box reached by keyboard keeps the keys, so that the arrows scroll it; one that was
 * merely clicked leaves them to the notebook, so that Shift+Enter still runs the cell.
 */
export function keepKeys(event: { currentTarget: Element }): void {
  const box = event.currentTarget;
  box.toggleAttribute('data-lm-suppress-shortcuts', box.matches(':focus-visible'));
}
