// Numbers as people read them: durations, counts of tokens, sizes. Pure functions, English words.

const number = new Intl.NumberFormat('en');

/** A finished or running time: `0.4s`, `12s`, `1m 05s`, `2h 03m`. */
export function duration(seconds: number, exact = true): string {
  const time = Math.max(0, seconds);
  if (exact && time < 9.95) return `${time.toFixed(1)}s`;
  const whole = exact ? Math.round(time) : Math.floor(time);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m ${pad(whole % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

/** A number of tokens in little room: `950`, `12.3k`, `1.2M`. */
export function tokens(count: number): string {
  if (count < 1000) return String(count);
  const [value, unit] = count < 999_950 ? [count / 1000, 'k'] : [count / 1_000_000, 'M'];
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

/** The size of a text: `512 B`, `16 kB`, `1.2 MB`. */
export function size(length: number): string {
  if (length < 1000) return `${length} B`;
  if (length < 999_500) return `${Math.round(length / 1000)} kB`;
  return `${(length / 1_000_000).toFixed(1)} MB`;
}

/** `1 line`, `1,204 lines`. */
export function count(amount: number, noun: string): string {
  return `${number.format(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

/** A whole number with separators: `12,345`. */
export function whole(amount: number): string {
  return number.format(amount);
}

/** The end of a thread's id; threads of one turn begin alike, for ids begin with the time. */
export function shortId(id: string): string {
  return `…${id.slice(-6)}`;
}

/** A word of the protocol as people write it: `pendingInit` and `pending_init` as `pending init`. */
export function words(name: string): string {
  return name.replace(/_|(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
