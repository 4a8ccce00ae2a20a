import { describe, expect, it } from 'vitest';
import { inspected } from './map-picture.fixture.ts';
import { cellInWords, mapInWords, moved, runsOf } from './map-picture.ts';

const map = await inspected();

describe('the map of an element', () => {
  it('says the whole in one sentence', () => {
    expect(mapInWords(map)).toBe(
      '3 layers, 2 of them with experts, up to 12 experts each, in 3 files. No defect was found.',
    );
  });

  it('says each cell: bytes, dtype and file, or why there is none', () => {
    expect(cellInWords(map, { row: 0, column: 11 })).toMatch(/^Layer 0, expert 11: .+ BF16, model-0000\d-of-00003/);
    expect(cellInWords(map, { row: 1, column: 4 })).toBe('Layer 1: dense, no experts');
    expect(cellInWords(map, { row: 7, column: 0 })).toBe('');
  });

  it('joins neighbours of one colour, and covers every expert once', () => {
    const runs = runsOf(map);
    expect(runs.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(24);
    expect(runs.length).toBeLessThan(8);
    expect(runs.every(({ defect }) => !defect)).toBe(true);
  });

  it('moves by keys and stays inside', () => {
    expect(moved({ row: 0, column: 0 }, 'ArrowUp', map)).toEqual({ row: 0, column: 0 });
    expect(moved({ row: 0, column: 0 }, 'End', map)).toEqual({ row: 0, column: 11 });
    expect(moved({ row: 0, column: 11 }, 'PageDown', map)).toEqual({ row: 2, column: 11 });
    expect(moved({ row: 2, column: 3 }, 'Home', map)).toEqual({ row: 2, column: 0 });
    expect(moved({ row: 2, column: 3 }, 'a', map)).toBeNull();
  });
});
