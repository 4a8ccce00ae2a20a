import { describe, expect, it } from 'vitest';
import { cellAt, contentSize, fitGeometry, GUTTER, scrollTo, visibleColumns, visibleRows } from './geometry.ts';

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

describe('visibleRows and visibleColumns', () => {
  const view = { left: 80, top: 33, width: 400, height: 300 };
  it('tell what is in sight, and no more', () => {
    const { axis, cellHeight, cellWidth } = giant;
    const [first, last] = visibleRows(giant, view);
    expect(first).toBe(Math.floor(33 / cellHeight));
    // The last row begins within the view, and the one after it does not.
    expect(axis + last * cellHeight - 33).toBeLessThanOrEqual(300);
    expect(axis + (last + 1) * cellHeight - 33).toBeGreaterThan(300);
    expect(visibleColumns(giant, view)).toEqual([80 / cellWidth, (80 + 400) / cellWidth]);
  });

  it('stop at the ends of the grid, and find nothing in an empty one', () => {
    expect(visibleRows(giant, { ...view, top: 0, height: 5000 })).toEqual([0, 93]);
    expect(visibleColumns(giant, { ...view, width: 5000 })[1]).toBe(128);
    const [first, last] = visibleRows(fitGeometry(0, 0, 400, 300, 1), { ...view, top: 0 });
    expect(last).toBeLessThan(first);
  });
});
