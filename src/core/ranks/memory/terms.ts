import { formatInteger, GB } from '../../units.ts';
import { type Known, WIDEST_BAND } from './constants.ts';
import type { Term } from './report.ts';

/** A term of one value. */
export function exactly(name: string, bytes: number, basis: string): Term {
  return { name, low: bytes, high: bytes, basis };
}

/** A value times a constant that is known between two ends. */
export function times(name: string, bytes: number, { low, high }: Pick<Known, 'low' | 'high'>, basis: string): Term {
  return { name, low: bytes * low, high: bytes * high, basis };
}

export function sumOf(terms: readonly Term[]): { readonly low: number; readonly high: number } {
  return {
    low: terms.reduce((sum, term) => sum + term.low, 0),
    high: terms.reduce((sum, term) => sum + term.high, 0),
  };
}

/** The band that terms come to together, and whether it is narrower than their ends add up to. */
export interface Band {
  readonly low: number;
  readonly high: number;
  readonly narrowed: boolean;
}

/**
 * The sums of all ends, but for what is estimated no more than {@link WIDEST_BAND} of the middle either way.
 *
 * Estimates do not all err in one direction; two readings of one question do, since one of them holds: their whole width
 * stays. The band lies inside the sums of the ends, so that it is never below what is certain.
 */
export function bandOf(terms: readonly Term[]): Band {
  const { low, high } = sumOf(terms);
  const readings = sumOf(terms.filter((term) => term.readings));
  const [middle, apart] = [(low + high) / 2, (readings.high - readings.low) / 2];
  const [all, most] = [(high - low) / 2 - apart, WIDEST_BAND * middle];
  if (all <= most) return { low, high, narrowed: false };
  return { low: middle - apart - most, high: middle + apart + most, narrowed: true };
}

/** Three decimals of a GB: megabytes, finer than anything that is known here. */
export function inGb(bytes: number): number {
  return Math.round(bytes / 1e6) / 1e3;
}

/** `3.67 B`: parameters as cards write them. */
export function billions(count: number): string {
  return count >= 1e8 ? `${Number((count / 1e9).toPrecision(4))} B` : formatInteger(count);
}

export function gigabytes(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`;
}
