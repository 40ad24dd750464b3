// The reader's own folding of a turn's rows, kept beside its store: a row that leaves the page and
// comes back stands as it was left.

import { createContext } from 'preact';
import { useContext, useLayoutEffect, useReducer } from 'preact/hooks';
import { Choices } from '../core/folding.ts';
import { StoreContext } from './use-store.ts';

const known = new WeakMap<object, Choices>();
const NO_TURN = {};

/** The id of the card that a row belongs to. */
export const CardContext = createContext('');

function useChoices(): Choices {
  const turn = useContext(StoreContext) ?? NO_TURN;
  const choices = known.get(turn) ?? new Choices();
  known.set(turn, choices);
  return choices;
}

function useChosen<T>(select: (choices: Choices) => T): [Choices, T] {
  const choices = useChoices();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const part = select(choices);
  // Each row only redraws for what is about it, though all are told.
  useLayoutEffect(
    () =>
      choices.watch(() => {
        if (select(choices) !== part) redraw(0);
      }),
    [choices, select, part],
  );
  return [choices, part];
}

/** How a row of the card is to stand, if the reader said, and how to say it. */
export function useChoice(name: string): [boolean | null, (open: boolean) => void] {
  const row = `${useContext(CardContext)}/${name}`;
  const [choices, chosen] = useChosen((all) => all.of(row));
  return [chosen, (open) => choices.choose(row, open)];
}

/** Whether all rows were last opened, and how to open or fold them all. */
export function useChoiceOfAll(): [boolean, (open: boolean) => void] {
  const [choices, all] = useChosen((of) => of.all);
  return [all === true, (open) => choices.chooseAll(open)];
}
