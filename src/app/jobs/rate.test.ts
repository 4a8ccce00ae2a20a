import { describe, expect, it } from 'vitest';
import { addSample, paceOf, type Sample } from './rate.ts';

const steady = (seconds: number) =>
  Array.from({ length: seconds * 10 + 1 }, (_, index) => ({ at: index * 100, done: index * 10 })).reduce<
    readonly Sample[]
  >(addSample, []);

describe('the pace', () => {
  it('is not told before half a second', () => {
    expect(paceOf(steady(0), 100, 1000)).toEqual({ rate: null, left: null });
  });

  it('is that of the last five seconds', () => {
    const samples = steady(20);
    expect(samples.length).toBeLessThan(60);
    const { rate, left } = paceOf(samples, 20_000, 3000);
    expect(rate).toBeCloseTo(100);
    expect(left).toBeCloseTo(10);
  });

  it('falls to nothing when nothing moves', () => {
    const samples = steady(10);
    expect(paceOf(samples, 12_500, 2000).rate).toBeLessThan(60);
    expect(paceOf(samples, 30_000, 2000)).toEqual({ rate: 0, left: null });
  });
});
