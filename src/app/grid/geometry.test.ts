import { describe, expect, it } from 'vitest';
import { cellAt, contentSize, fitGeometry, GUTTER, scrollTo } from './geometry.ts';
import { moved } from './use-grid-keys.ts';

const giant = fitGeometry(94, 128, 1100, 800, 1);

describe('fitGeometry', () => {
  it('shows all of a giant where there is room, in cells that can be hit', () => {
    expect(giant.cellWidth).toBe(8);
    expect(contentSize(giant).width).toBeLessThanOrEqual(1100);
    expect(contentSize(giant).height).toBeLessThanOrEqual(800);
    expect(fitGeometry(94, 128, 300, 200, 1).cellWidth).toBeGreaterThanOrEqual(4);
  });

  it('grows with the zoom and stays sane without cells', () => {
    expect(fitGeometry(94, 128, 1100, 800, 2).cellWidth).toBe(16);
    expect(fitGeometry(3, 0, 1100, 800, 1).cellWidth).toBeGreaterThan(0);
  });
});

describe('cellAt', () => {
  it('finds cells, the gutter and nothing', () => {
    const at = (x: number, y: number, left = 0, top = 0) => cellAt(giant, { left, top }, x, y);
    expect(at(GUTTER + 1, giant.axis + 1)).toEqual({ row: 0, column: 0 });
    expect(at(GUTTER + 1, giant.axis + 1, 80, 16)).toEqual({ row: 16 / giant.cellHeight, column: 10 });
    expect(at(3, giant.axis + 1)).toEqual({ row: 0, column: -1 });
    expect(at(GUTTER + 1, 3)).toBeNull();
    expect(at(5000, 100)).toBeNull();
  });
});

describe('scrollTo', () => {
  it('moves no more than is needed', () => {
    const view = { width: 400, height: 300 };
    expect(scrollTo(giant, { row: 0, column: 0 }, { left: 50, top: 50 }, view)).toEqual({ left: 0, top: 0 });
    expect(scrollTo(giant, { row: 2, column: 2 }, { left: 0, top: 0 }, view)).toEqual({ left: 0, top: 0 });
    const { left } = scrollTo(giant, { row: 0, column: 127 }, { left: 0, top: 0 }, view);
    expect(left).toBe(128 * 8 - (400 - GUTTER));
  });
});

describe('moved', () => {
  const last = { row: 93, column: 127 };
  it('walks the grid and stops at its edges', () => {
    const from = { row: 10, column: 20 };
    expect(moved('ArrowDown', from, last, false)).toEqual({ row: 11, column: 20 });
    expect(moved('Home', from, last, false)).toEqual({ row: 10, column: 0 });
    expect(moved('End', from, last, true)).toEqual({ row: 93, column: 127 });
    expect(moved('PageUp', from, last, false)).toEqual({ row: 0, column: 20 });
    expect(moved('ArrowLeft', { row: 0, column: 0 }, last, false)).toEqual({ row: 0, column: 0 });
    expect(moved('a', from, last, false)).toBeNull();
  });
});
