// The panel's icons: strokes on a 16 by 16 grid in the colour of the text around them.
// Decoration only; every icon stands beside a word, visible or for screen readers.

const PATHS = {
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  stop: 'M4.5 4.5h7v7h-7z',
  slash: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M4 4l8 8',
  question: 'M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12v.4',
  dots: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  chevron: 'M6 4l4 4-4 4',
  down: 'M8 3v10M4 9l4 4 4-4',
  expand: 'M4.5 6 8 2.5 11.5 6M4.5 10 8 13.5 11.5 10',
  collapse: 'M4.5 2.5 8 6l3.5-3.5M4.5 13.5 8 10l3.5 3.5',
  copy: 'M6 5.5h7.5v8H6zM10 5.5v-3H2.5v8H6',
  columns: 'M2.5 3h11v10h-11zM8 3v10',
  pause: 'M5.5 4v8M10.5 4v8',
  warning: 'M8 2.5 14 13H2zM8 6.5v3M8 11.4v.2',
  unplugged: 'M6 2v3M10 2v3M4 5h8v3a4 4 0 0 1-6.5 3.1M8 12v2M2 2l12 12',
  thought:
    'M8 2.5a4 4 0 0 1 2.4 7.2c-.3.3-.4.6-.4 1V11H6v-.3c0-.4-.1-.7-.4-1A4 4 0 0 1 8 2.5M6.5 13.5h3',
  terminal: 'M3 4.5 6.5 8 3 11.5M8 12h5',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  list: 'M3 4l1 1 1.5-2M3 9l1 1 1.5-2M8 4.5h5M8 9.5h5M3.5 13.5h.1M8 13.5h5',
  tool: 'M10 2.5a3.5 3.5 0 0 0-3.3 4.7L2.5 11.4a1.5 1.5 0 0 0 2.1 2.1L8.8 9.3A3.5 3.5 0 0 0 13.3 5L11 7 9 5l2.2-2.2A3.5 3.5 0 0 0 10 2.5z',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14',
  agent: 'M8 2v2M3.5 5h9v7h-9zM6 8.2v.6M10 8.2v.6M1.5 8v2M14.5 8v2',
  user: 'M8 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M3 13.5c0-2.5 2-4 5-4s5 1.5 5 4',
  shield: 'M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z',
  fork: 'M4.5 2.5v11M4.5 9c0-2.5 7-1.5 7-5.5M2.8 4.2l1.7-1.7 1.7 1.7M9.8 5.2l1.7-1.7 1.7 1.7',
  box: 'M8 2l5.5 3v6L8 14l-5.5-3V5zM2.5 5 8 8l5.5-3M8 8v6',
} as const;

export type IconName = keyof typeof PATHS | 'spinner';

export function Icon({ name }: { name: IconName }) {
  if (name === 'spinner') return <span class="cdx-spinner" aria-hidden="true" />;
  return (
    <svg class="cdx-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
