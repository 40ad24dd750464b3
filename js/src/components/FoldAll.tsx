// Opens every card of the turn, or folds every one.

import { Icon } from './Icon.tsx';
import { useChoiceOfAll } from './use-choices.ts';
import { useSelect } from './use-store.ts';

export function FoldAll() {
  const any = useSelect((state) => state.view.cards.length > 0);
  const [opened, choose] = useChoiceOfAll();
  if (!any) return null;
  const label = opened ? 'Collapse all' : 'Expand all';
  return (
    <button
      type="button"
      class="cdx-tool"
      title={label}
      aria-label={label}
      onClick={() => choose(!opened)}
    >
      <Icon name={opened ? 'collapse' : 'expand'} />
    </button>
  );
}
