import { formatInteger, GB } from '../../units.ts';
import type { Known } from './constants.ts';
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

/** Moves every term's ends towards its middle, or its low end up, so that the sums become these; each stays inside itself. */
export function fitTo(terms: readonly Term[], wanted: { readonly low: number; readonly high: number }): Term[] {
  const { low, high } = sumOf(terms);
  const room = high - low;
  if (room <= 0) return [...terms];
  const [up, down] = [Math.max(wanted.low - low, 0) / room, Math.max(high - wanted.high, 0) / room];
  return terms.map((term) => ({
    ...term,
    low: term.low + up * (term.high - term.low),
    high: term.high - down * (term.high - term.low),
  }));
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
