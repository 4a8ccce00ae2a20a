import { describe, expect, it } from 'vitest';
import { COLUMN_LABEL, columnLabels, columnStep, isCrowded, ROW_LABEL, rowStep } from './labels.ts';

describe('steps', () => {
  it('are the least that leave numbers room', () => {
    for (const size of [2, 4, 5, 8, 13, 28, 40]) {
      expect(rowStep(size) * size).toBeGreaterThanOrEqual(ROW_LABEL);
      expect(columnStep(size) * size).toBeGreaterThanOrEqual(COLUMN_LABEL);
    }
    expect([rowStep(13), rowStep(12), rowStep(4)]).toEqual([1, 2, 5]);
    expect([columnStep(28), columnStep(27), columnStep(8)]).toEqual([1, 2, 4]);
  });
});

describe('columnLabels', () => {
  it('has every so many columns', () => {
    expect(columnLabels(17, 8, null)).toEqual([0, 4, 8, 12, 16]);
    expect(columnLabels(0, 8, null)).toEqual([]);
  });

  it('has the marked column, and no number that would touch it', () => {
    expect(columnLabels(17, 8, 9)).toEqual([0, 4, 12, 16, 9]);
    expect(columnLabels(17, 8, 10)).toEqual([0, 4, 16, 10]);
    expect(columnLabels(17, 8, 8)).toEqual([0, 4, 12, 16, 8]);
  });
});

describe('isCrowded', () => {
  it('is true near a marked row alone', () => {
    expect(isCrowded(5, [3, undefined], 6)).toBe(true);
    expect(isCrowded(5, [2], 6)).toBe(false);
    expect(isCrowded(5, [undefined, undefined], 6)).toBe(false);
  });
});
