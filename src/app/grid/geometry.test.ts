import { describe, expect, it } from 'vitest';
import {
  BESIDE_WIDTH,
  besideLeft,
  cellAt,
  contentSize,
  fitGeometry,
  GUTTER,
  isInSight,
  scrollTo,
  visibleColumns,
  visibleRows,
} from './geometry.ts';

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

describe('columns beside the experts', () => {
  const geometry = fitGeometry(94, 128, 1100, 800, 1, 3);
  const { gutter, axis } = geometry;
  const columnAt = (x: number) => cellAt(geometry, { left: 0, top: 0 }, x, axis + 1)?.column;

  it('are at the right end of the gutter, and reach to the cells', () => {
    expect(gutter).toBeGreaterThan(GUTTER);
    expect([columnAt(gutter), columnAt(gutter - 1)]).toEqual([0, -2]);
    for (const column of [-2, -3, -4]) {
      const left = besideLeft(geometry, column);
      expect([columnAt(left), columnAt(left + BESIDE_WIDTH - 1)]).toEqual([column, column]);
    }
    expect([columnAt(besideLeft(geometry, -4) - 1), columnAt(2)]).toEqual([-1, -1]);
  });

  it('are not there where they were not asked for', () => {
    expect(cellAt(giant, { left: 0, top: 0 }, GUTTER - 2, giant.axis + 1)?.column).toBe(-1);
  });

  it('do not scroll sideways', () => {
    const view = { width: 400, height: 300 };
    expect(scrollTo(geometry, { row: 0, column: -2 }, { left: 50, top: 50 }, view)).toEqual({ left: 50, top: 0 });
  });
});

describe('isInSight', () => {
  it('is true of whole cells alone', () => {
    const view = { left: 4, top: 0, width: 400, height: 300 };
    expect(isInSight(giant, view, { row: 0, column: 0 })).toBe(false);
    expect(isInSight(giant, view, { row: 0, column: 1 })).toBe(true);
    expect(isInSight(giant, view, { row: 93, column: 1 })).toBe(false);
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
