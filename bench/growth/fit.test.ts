import { describe, expect, it } from 'vitest';
import { exponentOf, lastExponentOf } from './fit.ts';

const SIZES = [1, 10, 100, 1000];

describe('exponents of growth', () => {
  it.each([0, 0.5, 1, 2])('finds an exponent of %d', (power) => {
    const times = SIZES.map((size) => 3 * size ** power);
    expect(exponentOf(SIZES, times)).toBeCloseTo(power, 10);
    expect(lastExponentOf(SIZES, times)).toBeCloseTo(power, 10);
  });

  it('sees a square behind a fixed cost in the last step', () => {
    const times = SIZES.map((size) => 1e5 + size ** 2);
    expect(exponentOf(SIZES, times)).toBeLessThan(0.5);
    expect(lastExponentOf(SIZES, times)).toBeGreaterThan(0.8);
  });
});
