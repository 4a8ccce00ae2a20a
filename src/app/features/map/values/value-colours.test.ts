import { describe, expect, it } from 'vitest';
import type { ExpertMap, MatrixStatistics } from '../../../../core/index.ts';
import { allMatrices, formatNumber, formatStatistic, withMatrices } from './statistics.ts';
import { scaleOf, valuePixels, valuesOf } from './value-colours.ts';

const of = (...values: number[]) => Float64Array.from(values);
const hexAt = (pixels: Uint8ClampedArray, cell: number) =>
  `#${[...pixels.subarray(cell * 4, cell * 4 + 3)].map((part) => part.toString(16).padStart(2, '0')).join('')}`;

describe('scaleOf', () => {
  it('is logarithmic for sizes, zeros outside of it', () => {
    const scale = scaleOf(of(0.25, 1, 4, 0, Number.NaN), 'rms');
    expect([0.25, 1, 4, 8, 0].map((value) => scale?.place(value))).toEqual([0, 0.5, 1, 1, null]);
    expect(scale).toMatchObject({ least: '0.25', most: '4', items: [{ text: '0' }] });
  });

  it('lies around zero for means, and starts at zero for shares', () => {
    const mean = scaleOf(of(-2, 1), 'mean');
    expect([-2, 0, 1, 2].map((value) => mean?.place(value))).toEqual([0, 0.5, 0.75, 1]);
    expect(mean).toMatchObject({ least: '−2', most: '2' });
    expect([0, 0.25, 0.5].map((value) => scaleOf(of(0.5, 0.1), 'zeros')?.place(value))).toEqual([0, 0.5, 1]);
  });

  it('gives one value the middle, and none no scale', () => {
    expect(scaleOf(of(3, 3), 'max-abs')?.place(3)).toBe(0.5);
    expect(scaleOf(of(Number.NaN), 'max-abs')).toBeNull();
    expect(scaleOf(of(0, 0), 'not-finite')?.place(0)).toBeNull();
  });

  it('is not washed out by one outlier among many', () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => (i === 7 ? 1e6 : 1 + i / 200));
    expect(scaleOf(values, 'rms')?.most).toBe('1.99');
  });
});

describe('valuePixels', () => {
  it('leaves what is not measured clear, and greys what is outside of the scale', () => {
    const values = of(1, Number.NaN, 0, 2);
    const pixels = valuePixels(values, scaleOf(values, 'rms'));
    expect([0, 2, 3].map((cell) => hexAt(pixels, cell))).toEqual(['#440154', '#8b8b8b', '#b5de2b']);
    expect(pixels[1 * 4 + 3]).toBe(0);
  });
});

describe('numbers', () => {
  it('have three digits, powers of ten where those are shorter, and a real minus', () => {
    expect([0, 0.012345, -1.5, 123456, -0.00001234].map(formatNumber)).toEqual([
      '0',
      '0.0123',
      '−1.5',
      '1.23e5',
      '−1.23e−5',
    ]);
    expect(formatStatistic('zeros', 0.12345)).toBe('12.3 %');
    expect(formatStatistic('not-finite', 3)).toBe('3');
  });
});

describe('what is measured', () => {
  const matrix = (prefix: string, expert: number, projection: 'gate' | 'down', rms: number): MatrixStatistics => ({
    ...{ prefix, layer: Number(prefix), expert, projection, dtype: 'BF16', rows: 1, columns: 2, identity: '' },
    ...{ count: 2, maxAbs: rms, mean: 0, rms, zeros: 0, nan: 0, infinite: 0, huge: 0 },
  });
  const row = (prefix: string) => ({ prefix, experts: 2 });
  const map = { rows: [row('0'), row('1')], columns: 3 } as unknown as ExpertMap;

  it('grows without changing what was there, and layers that did not grow keep their values', () => {
    const first = withMatrices(new Map(), [matrix('0', 1, 'gate', 3), matrix('0', 0, 'down', 1)]);
    const second = withMatrices(first, [matrix('1', 0, 'gate', 5), matrix('0', 1, 'down', 4)]);
    expect(first.get('1')).toBeUndefined();
    expect([...valuesOf(map, first, 'rms', null)]).toEqual([1, 3, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    const both = Math.sqrt((9 + 16) / 2);
    expect([...valuesOf(map, second, 'rms', null)]).toEqual([1, both, Number.NaN, 5, Number.NaN, Number.NaN]);
    expect([...valuesOf(map, second, 'rms', 'down')].slice(0, 2)).toEqual([1, 4]);
    const third = withMatrices(second, [matrix('1', 1, 'gate', 6)]);
    expect(third.get('0')).toBe(second.get('0'));
    expect(allMatrices(third).map(({ layer, expert }) => `${layer} ${expert}`)).toEqual([
      '0 0',
      '0 1',
      '0 1',
      '1 0',
      '1 1',
    ]);
  });
});
