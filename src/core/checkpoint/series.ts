/** The numbered files of one split: `model-00001-of-00012.safetensors` and those that count on from it. */
export interface Series {
  /** What stands before the number. */
  readonly stem: string;
  /** How many there are by their own names; null where names do not say. */
  readonly total: number | null;
  /** In the order of their numbers. */
  readonly files: readonly string[];
  /** Files that the numbers call for and that are not here, the first 10,000 of them. */
  readonly missing: readonly string[];
}

/** A series that claims more names nothing that anybody has. */
const LIMIT_NAMED = 10_000;

/** A word behind the numbers: `.fp16` of `model-00001-of-00002.fp16.safetensors`. */
const TAIL = String.raw`((?:[-_.][A-Za-z][A-Za-z0-9]*)*)\.safetensors$`;
const OF_TOTAL = new RegExp(String.raw`^(.*?)(\d{1,15})([-_. ]?of[-_. ]?)(\d{1,15})${TAIL}`, 'i');
const COUNTED = new RegExp(String.raw`^(.*?)(\d{1,15})${TAIL}`);

interface Numbered {
  readonly file: string;
  readonly stem: string;
  readonly digits: string;
  /** What stands between the number and the total, the total, and what follows. */
  readonly rest: readonly [separator: string, total: string, tail: string];
}

/**
 * Files by the series that their names count, numbers with zeros before them or without, from 0 or from 1.
 *
 * Names without a total make a series only where they count from 0 or 1 and few numbers lack: a step of training is no
 * number of a shard.
 */
export function seriesOf(names: readonly string[]): Series[] {
  const groups = new Map<string, Numbered[]>();
  for (const file of names) {
    const read = numberOf(file);
    if (!read) continue;
    const [separator, total, tail] = read.rest;
    const key = JSON.stringify([read.stem, separator, total === '' ? null : Number(total), tail]);
    groups.set(key, [...(groups.get(key) ?? []), read]);
  }
  return [...groups.values()].flatMap((group) => seriesFrom(group) ?? []);
}

function numberOf(file: string): Numbered | null {
  const whole = OF_TOTAL.exec(file);
  if (whole) {
    const [, stem = '', digits = '', separator = '', total = '', tail = ''] = whole;
    return { file, stem, digits, rest: [separator, total, tail] };
  }
  const counted = COUNTED.exec(file);
  if (!counted) return null;
  const [, stem = '', digits = '', tail = ''] = counted;
  return { file, stem, digits, rest: ['', '', tail] };
}

function seriesFrom(group: readonly Numbered[]): Series | null {
  const [sample] = group;
  if (!sample) return null;
  const numbers = new Map(group.map((each) => [Number(each.digits), each]));
  const sorted = [...numbers].sort(([a], [b]) => a - b);
  const total = sample.rest[1] === '' ? null : Number(sample.rest[1]);
  const [first, last] = total === null ? boundsOfCounted(sorted.map(([number]) => number)) : boundsOf(numbers, total);
  if (total === null && last < first) return null;
  const write = writer(group);
  const missing: string[] = [];
  for (let number = first; number <= last && missing.length < LIMIT_NAMED; number++)
    if (!numbers.has(number)) missing.push(write(number));
  return { stem: sample.stem, total, files: sorted.map(([, { file }]) => file), missing };
}

/** From 0 the last number is one below the total, or the total itself: both are on the Hub. */
function boundsOf(numbers: ReadonlyMap<number, unknown>, total: number): readonly [number, number] {
  if (!numbers.has(0)) return [1, total];
  return [0, numbers.has(total) ? total : total - 1];
}

function boundsOfCounted(numbers: readonly number[]): readonly [number, number] {
  const [first = 0] = numbers;
  const last = numbers.at(-1) ?? 0;
  const isSeries = numbers.length > 1 && first <= 1 && last - first + 1 <= 2 * numbers.length;
  return isSeries ? [first, last] : [1, 0];
}

/** Spells the file of a number as its neighbours are spelt. */
function writer(group: readonly Numbered[]): (number: number) => string {
  const [sample] = group;
  const [separator = '', total = '', tail = ''] = group.find(({ rest }) => rest[1] !== '')?.rest ?? sample?.rest ?? [];
  const padded = group.find(({ digits }) => digits.length > 1 && digits.startsWith('0'))?.digits;
  const width = padded?.length ?? (total.startsWith('0') ? total.length : 1);
  return (number) => `${sample?.stem}${String(number).padStart(width, '0')}${separator}${total}${tail}.safetensors`;
}
