/** Sizes in bytes. Decimal units are the Hub's (a "5 GB" shard has 5 × 10⁹ bytes); binary ones are memory's. */
export const KB = 1e3;
export const MB = 1e6;
export const GB = 1e9;
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

const DECIMAL = [
  ['TB', 1e12],
  ['GB', GB],
  ['MB', MB],
  ['kB', KB],
] as const;

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', KB],
  ['mb', MB],
  ['gb', GB],
  ['tb', 1e12],
  ['kib', KIB],
  ['mib', MIB],
  ['gib', GIB],
  ['tib', 1024 * GIB],
]);

/** Bytes as a person reads them, decimal, three significant digits: `4.83 GB`. The unit is always printed. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of DECIMAL) {
    if (bytes >= size) return `${Number((bytes / size).toPrecision(3))} ${unit}`;
  }
  return `${bytes} B`;
}

/** An integer with thousands separated: `470,187,269,120`. */
export function formatInteger(value: number): string {
  // Not toLocaleString, nor a pattern: pictures hold thousands of numbers.
  const digits = Math.round(value).toString();
  if (!/^-?\d+$/.test(digits)) return digits;
  const first = digits.startsWith('-') ? 1 : 0;
  let text = digits;
  for (let at = digits.length - 3; at > first; at -= 3) text = `${text.slice(0, at)},${text.slice(at)}`;
  return text;
}

/** `[1536, 4096]`: dims have no separators, so that they are not taken for more dims. */
export function formatShape(shape: readonly (number | bigint)[]): string {
  return `[${shape.join(', ')}]`;
}

/** Seconds as `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long ago something was, in whole units: `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function formatAge(seconds: number): string {
  if (!(seconds >= 60)) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${plural(Math.floor(seconds / 86_400), 'day')} ago`;
}

/** Parses `5GB`, `512 MiB`, `4000000`; null when it is no size or not a whole positive number of bytes. */
export function parseSize(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = SIZE_UNITS.get(match?.[2]?.toLowerCase() ?? '');
  if (!match || unit === undefined) return null;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** `1 tensor`, `2 tensors`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}
