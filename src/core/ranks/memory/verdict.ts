import type { FitVerdict, Term } from './report.ts';
import { gigabytes } from './terms.ts';

/** `fits` leaves a share free at the high end; `out-of-memory` does not fit at the low one. Bytes. */
export function verdictOf(low: number, high: number, capacity: number, reserve: number): FitVerdict {
  if (low > capacity) return 'out-of-memory';
  return high <= capacity * (1 - reserve) ? 'fits' : 'at-risk';
}

/** The largest term, in a sentence that says what it has to do with the verdict. Bytes. */
export function decidingSentence(terms: readonly Term[], verdict: FitVerdict, capacity: number): string {
  const [first, second] = [...terms].sort((a, b) => b.low + b.high - a.low - a.high);
  if (!first) return 'Nothing is held.';
  const size = ({ low, high }: Term) =>
    high - low < 5e7 ? gigabytes(high) : `${(low / 1e9).toFixed(1)} to ${gigabytes(high)}`;
  const rest = second ? `, then ${second.name} (${size(second)})` : '';
  const said = `${first.name} (${size(first)}) take${first.name.endsWith('s') ? '' : 's'} most${rest}`;
  const cap = `${gigabytes(capacity)} there are`;
  if (verdict === 'fits') return `It fits: ${said}; ${cap}.`;
  return verdict === 'at-risk' ? `The band reaches the ${cap}: ${said}.` : `More than the ${cap}: ${said}.`;
}
