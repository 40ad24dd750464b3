// A button that copies text. It says what came of it, aloud too: nothing else on the page changes.

import { useEffect, useState } from 'preact/hooks';
import { Icon } from './Icon.tsx';

const SAID_FOR = 2_500;

interface CopyProps {
  /** The word on the button. */
  label: string;
  /** Made only when it is asked for. */
  text: () => string | Promise<string>;
}

export function Copy({ label, text }: CopyProps) {
  const [said, say] = useState<'Copied' | 'Could not copy' | null>(null);
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => say(null), SAID_FOR);
    return () => clearTimeout(timer);
  }, [said]);
  const press = async () => say((await copied(await text())) ? 'Copied' : 'Could not copy');
  return (
    <>
      <button type="button" class="cdx-tool" onClick={press}>
        <Icon name={said === 'Copied' ? 'check' : said ? 'cross' : 'copy'} />
        {said ?? label}
      </button>
      <span class="cdx-sr" role="status">
        {said}
      </span>
    </>
  );
}

async function copied(text: string): Promise<boolean> {
  if (!text) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Missing on pages without TLS, and refused in frames without leave: the old way may still work.
    return copiedBySelection(text);
  }
}

function copiedBySelection(text: string): boolean {
  const { activeElement } = document;
  const box = document.createElement('textarea');
  box.value = text;
  box.className = 'cdx-sr';
  document.body.append(box);
  box.focus({ preventScroll: true });
  box.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    box.remove();
    if (activeElement instanceof HTMLElement) activeElement.focus({ preventScroll: true });
  }
}
