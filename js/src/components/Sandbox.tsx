// What the agent may do to this machine. Full access is red, because it should never be a surprise.

import { Icon } from './Icon.tsx';

const MODES: Record<string, { word: string; meaning: string }> = {
  'read-only': { word: 'read-only', meaning: 'It may read files, and change nothing.' },
  'workspace-write': {
    word: 'workspace-write',
    meaning: 'It may change files in the working directory.',
  },
  'danger-full-access': {
    word: 'full access',
    meaning: 'Nothing keeps it from changing anything on this machine.',
  },
};

export function Sandbox({ mode, cwd }: { mode: string | null; cwd: string | null }) {
  const { word, meaning } = MODES[mode ?? ''] ?? {
    word: mode ?? 'default sandbox',
    meaning: "As the CLI's own configuration says.",
  };
  const where = cwd ? `\nWorking directory: ${cwd}` : '';
  const danger = mode === 'danger-full-access';
  return (
    <span class={danger ? 'cdx-badge cdx-badge-danger' : 'cdx-badge'} title={`${meaning}${where}`}>
      <Icon name={danger ? 'warning' : 'shield'} />
      <span class="cdx-sr">sandbox: </span>
      {word}
    </span>
  );
}
