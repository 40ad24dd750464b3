// What the agent says: the panel's running text, so it has no frame and never folds.
// Remarks on the way are quieter than the answer, where the CLI tells them apart.
// With an output type the last message is the answer as JSON, and is shown as that.

import { useMemo } from 'preact/hooks';
import type { Tone } from '../core/folding.ts';
import { indentJson } from '../core/json.ts';
import { Text } from '../core/text.ts';
import type { MessageCard as Message } from '../core/types.ts';
import { Markdown } from './Markdown.tsx';
import { Output } from './Output.tsx';
import { useSelect } from './use-store.ts';

export function MessageCard({ card, tone }: { card: Message; tone: Tone }) {
  const typed = useSelect((state) => state.view.header.output_type !== null);
  const complete = tone !== 'running';
  const answer = useMemo(() => {
    const json = typed && complete ? indentJson(String(card.text)) : null;
    return json === null ? null : Text.of(json);
  }, [typed, complete, card.text]);
  if (answer) return <Output text={answer} label="The answer as JSON" />;
  return (
    <div class={card.phase === 'commentary' ? 'cdx-quiet' : undefined}>
      <Markdown text={card.text} complete={complete} />
    </div>
  );
}
