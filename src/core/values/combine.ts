import type { Statistics } from '../kernels/statistics/summary.ts';

/**
 * Statistics of several runs of numbers taken as one: of an expert from those of its matrices.
 *
 * `mean` and `rms` are weighted with the numbers they are over (finite ones below 2^57). Of nothing: zeros.
 */
export function combineStatistics(parts: readonly Statistics[]): Statistics {
  const sum = (value: (part: Statistics) => number) => parts.reduce((total, part) => total + value(part), 0);
  const taken = ({ count, nan, infinite, huge }: Statistics) => count - nan - infinite - huge;
  const numbers = Math.max(1, sum(taken));
  return {
    count: sum(({ count }) => count),
    maxAbs: parts.reduce((most, { maxAbs }) => Math.max(most, maxAbs), 0),
    mean: sum((part) => part.mean * taken(part)) / numbers,
    rms: Math.sqrt(sum((part) => part.rms ** 2 * taken(part)) / numbers),
    zeros: sum(({ zeros }) => zeros),
    nan: sum(({ nan }) => nan),
    infinite: sum(({ infinite }) => infinite),
    huge: sum(({ huge }) => huge),
  };
}
