import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Statistics } from '../kernels/statistics/summary.ts';
import { combineStatistics } from './combine.ts';
import { statisticsTsv } from './tsv.ts';

/** Plainly, of a list of numbers. */
function statisticsOfList(values: readonly number[]): Statistics {
  const finite = values.filter(Number.isFinite);
  const over = (value: (number: number) => number) =>
    finite.reduce((sum, each) => sum + value(each), 0) / Math.max(1, finite.length);
  return {
    count: values.length,
    maxAbs: finite.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
    mean: over((each) => each),
    rms: Math.sqrt(over((each) => each * each)),
    zeros: values.filter((each) => each === 0).length,
    nan: values.filter(Number.isNaN).length,
    infinite: values.filter((each) => Math.abs(each) === Number.POSITIVE_INFINITY).length,
    huge: 0,
  };
}

describe('combineStatistics', () => {
  it('is what the statistics of all numbers together are', () => {
    const number = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(0, Number.NaN, -1 / 0, 1 / 0));
    fc.assert(
      fc.property(fc.array(fc.array(number, { maxLength: 9 }), { maxLength: 4 }), (lists) => {
        const { mean, rms, ...exact } = combineStatistics(lists.map(statisticsOfList));
        const expected = statisticsOfList(lists.flat());
        expect(exact).toEqual((({ mean: _, rms: __, ...rest }) => rest)(expected));
        expect(mean).toBeCloseTo(expected.mean, 6);
        expect(rms).toBeCloseTo(expected.rms, 6);
      }),
    );
  });
});

describe('statisticsTsv', () => {
  it('has a line a matrix under the names of the columns, and no cell breaks it', () => {
    const matrix = { prefix: 'a\tb\nc', layer: null, expert: 3, projection: 'gate', dtype: 'BF16' } as const;
    const text = statisticsTsv([{ ...matrix, rows: 2, columns: 3, identity: 'x', ...statisticsOfList([0.1, -3]) }]);
    const [head, line, end] = text.split('\n').map((row) => row.split('\t'));
    expect(head).toContain('rms');
    expect(line).toHaveLength(head?.length ?? 0);
    expect(line?.slice(0, 5)).toEqual(['a\\tb\\nc', '', '3', 'gate', 'BF16']);
    expect(Number(line?.[head?.indexOf('mean') ?? 0])).toBe((0.1 - 3) / 2);
    expect(end).toEqual(['']);
  });
});
