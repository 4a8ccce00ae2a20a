import { describe, expect, it } from 'vitest';
import { runsOf } from './runs.ts';

describe('runsOf', () => {
  const rows = [1, 1, 0, 1, 0, 0, 1];
  it('joins neighbours that fit', () => {
    expect(runsOf(rows, 0, 6, (row) => row === 1)).toEqual([
      { start: 0, end: 2 },
      { start: 3, end: 4 },
      { start: 6, end: 7 },
    ]);
  });

  it('looks at the rows between first and last alone', () => {
    expect(runsOf(rows, 1, 3, (row) => row === 1)).toEqual([
      { start: 1, end: 2 },
      { start: 3, end: 4 },
    ]);
    expect(runsOf(rows, 5, 4, () => true)).toEqual([]);
    expect(runsOf(rows, 0, 6, () => false)).toEqual([]);
  });
});
