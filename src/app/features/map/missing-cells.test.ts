import { describe, expect, it } from 'vitest';
import { CELL, type MapRow } from '../../../core/index.ts';
import { missingRuns } from './missing-cells.ts';

const row = (experts: number | null) => ({ experts }) as MapRow;

describe('missingRuns', () => {
  it('joins neighbours of a layer, and reads no cell past its experts', () => {
    const { present: p, defect: d, absent: a } = CELL;
    const state = Uint8Array.of(p, p, d, d, d, d, p, d, a, d, a, a);
    expect(missingRuns({ rows: [row(4), row(4), row(null)], columns: 4, state })).toEqual([
      { row: 0, first: 2, last: 3 },
      { row: 1, first: 0, last: 1 },
      { row: 1, first: 3, last: 3 },
    ]);
  });
});
