import { formatBytes, formatDuration, GB, MB } from '../../core/index.ts';

/** Reading more than this starts only after a question. */
const ASKS_ABOVE_BYTES = GB;
/** So does work that takes longer. */
const ASKS_ABOVE_SECONDS = 60;
/** Bytes a second that times are estimated with until a speed was measured; a conversion also writes and reads back. */
const ASSUMED = { network: 100 * MB, read: 500 * MB, convert: 150 * MB };

/** Where bytes come from: the host of a Hub, or null for this computer. */
export type Place = string | null;

/** What is done with the bytes that are read: each kind of work has its own speed. */
export type Work = 'read' | 'convert';

/** What reading will take. */
export interface ReadingCost {
  readonly bytes: number;
  readonly seconds: number;
  /** The speed that `seconds` is computed with, and whether it was measured here. */
  readonly rate: number;
  readonly measured: boolean;
}

const rates = new Map<string, number>();
/** Shorter runs are mostly the start of a worker or of a connection. */
const LEAST_SECONDS = 1;

/** Remembers how fast bytes of a place were read or converted, until the page is closed. */
export function noteRead(place: Place, bytes: number, seconds: number, work: Work = 'read'): void {
  if (seconds >= LEAST_SECONDS && bytes > 0) rates.set(rateKey(place, work), bytes / seconds);
}

/** The bytes with the time that they take, by the last measured speed of their place and work. */
export function readingCost(place: Place, bytes: number, work: Work = 'read'): ReadingCost {
  const known = rates.get(rateKey(place, work));
  const rate = known ?? (place === null ? ASSUMED[work] : ASSUMED.network);
  return { bytes, seconds: bytes / rate, rate, measured: known !== undefined };
}

function rateKey(place: Place, work: Work): string {
  return `${work} ${place ?? ''}`;
}

/** The one rule: whatever reads more than 1 GB or takes more than a minute asks first. */
export function asksFirst({ bytes, seconds }: Pick<ReadingCost, 'bytes' | 'seconds'>): boolean {
  return bytes > ASKS_ABOVE_BYTES || seconds > ASKS_ABOVE_SECONDS;
}

/** The rule for the rest of work that a person has already confirmed: its bytes alone count. */
export function asksAgain({ bytes }: Pick<ReadingCost, 'bytes'>): boolean {
  return bytes > ASKS_ABOVE_BYTES;
}

/** `about 1 h 18 min at 100 MB/s`, and whether that speed was measured. */
export function timeWords({ seconds, rate, measured }: ReadingCost): string {
  const speed = `${formatBytes(Math.round(rate))}/s`;
  return `about ${formatDuration(Math.max(1, seconds))} at ${speed}${measured ? ' (measured)' : ' (assumed: nothing was read yet)'}`;
}

/** The host that an open Hub repo is read from; null for what lies on this computer. */
export function placeOfHub(hub: { readonly endpoint: string } | null): Place {
  return hub && URL.canParse(hub.endpoint) ? new URL(hub.endpoint).host : null;
}
