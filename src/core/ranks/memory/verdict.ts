import type { FitVerdict, Term } from './report.ts';
import { gigabytes } from './terms.ts';

/** A verdict in words. */
export const FIT_WORDS: Readonly<Record<FitVerdict, string>> = {
  fits: 'fits',
  'at-risk': 'at risk',
  'out-of-memory': 'out of memory',
};

/** `fits`: the high end leaves the reserve free. `out-of-memory`: the low end is more than the capacity. Sizes in bytes. */
export function verdictOf(low: number, high: number, capacity: number, reserve: number): FitVerdict {
  if (low > capacity) return 'out-of-memory';
  return high <= capacity * (1 - reserve) ? 'fits' : 'at-risk';
}

const MEANING: Readonly<Record<FitVerdict, string>> = {
  fits: '; the run needs less',
  'at-risk': '; the run may need more',
  'out-of-memory': '; the run needs more',
};

/** A sentence that compares the memory of a GPU with what is needed, and names the two largest terms. Sizes in bytes. */
export function decidingSentence(terms: readonly Term[], verdict: FitVerdict, capacity: number): string {
  const [first, second] = [...terms].sort((a, b) => b.low + b.high - a.low - a.high);
  if (!first) return 'The GPU holds nothing.';
  const size = ({ low, high }: Term) =>
    high - low < 5e7 ? gigabytes(high) : `${(low / 1e9).toFixed(1)} to ${gigabytes(high)}`;
  const largest = second
    ? `The largest terms are ${first.name} (${size(first)}) and ${second.name} (${size(second)}).`
    : `The only term is ${first.name} (${size(first)}).`;
  return `Each GPU has ${gigabytes(capacity)}${MEANING[verdict]}. ${largest}`;
}
