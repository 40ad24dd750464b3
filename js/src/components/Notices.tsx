// Remarks about the turn as a whole, such as a line from the CLI that is no event.

import { count } from '../core/format.ts';
import { plainTerminal } from '../core/plain.ts';
import { Fold } from './Fold.tsx';
import { useSelect } from './use-store.ts';

const SHOWN_OPEN = 2;

export function Notices() {
  const notices = useSelect((state) => state.view.header.notices);
  if (notices.length === 0) return null;
  const list = (
    <ul class="cdx-notices">
      {notices.map((notice, at) => (
        <li key={at}>{plainTerminal(notice)}</li>
      ))}
    </ul>
  );
  if (notices.length <= SHOWN_OPEN) return list;
  return (
    <div class="cdx-notices-fold">
      <Fold open={false} summary={<span class="cdx-title">{count(notices.length, 'notice')}</span>}>
        {list}
      </Fold>
    </div>
  );
}
