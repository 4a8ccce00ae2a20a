import { describe, expect, it } from 'vitest';
import { formatNumber, formatStatistic } from './statistics.ts';
import { scaleOf, valuePixels } from './value-colours.ts';

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
