import { describe, expect, it } from 'vitest';
import { fitGeometry, GUTTER } from './geometry.ts';
import { createHoverTracker, hoverAt, type Place, steady } from './hover.ts';

const geometry = fitGeometry(94, 128, 1100, 800, 1);
const place: Place = { left: 120, top: 200, width: 600, height: 400, scroll: { left: 0, top: 0 } };
const { cellWidth, cellHeight, axis } = geometry;
/** The middle of a cell of a grid that is not scrolled, in the window. */
const middleOf = (row: number, column: number) => ({
  x: place.left + GUTTER + (column + 0.5) * cellWidth,
  y: place.top + axis + (row + 0.5) * cellHeight,
});

describe('hoverAt', () => {
  it('finds the cell under a point of the window, and where that is in the grid', () => {
    const point = middleOf(5, 7);
    const found = { cell: { row: 5, column: 7 }, x: point.x - place.left, y: point.y - place.top };
    expect(hoverAt(geometry, place, point)).toEqual(found);
    expect(hoverAt(geometry, place, { ...point, x: place.left + 3 })?.cell).toEqual({ row: 5, column: -1 });
  });

  it('finds nothing beside the grid, on its bars of scrolling and above its rows', () => {
    const point = middleOf(5, 7);
    expect(hoverAt(geometry, place, { ...point, x: place.left - 1 })).toBeNull();
    expect(hoverAt(geometry, place, { ...point, x: place.left + place.width })).toBeNull();
    expect(hoverAt(geometry, place, { ...point, y: place.top + place.height })).toBeNull();
    expect(hoverAt(geometry, place, { ...point, y: place.top + 3 })).toBeNull();
    expect(hoverAt(geometry, place, { ...point, y: place.top - 3 })).toBeNull();
  });
});

describe('a pointer that rests while the grid moves', () => {
  const resting = () => {
    const tracker = createHoverTracker();
    expect(tracker.point(geometry, place, middleOf(5, 7))?.cell).toEqual({ row: 5, column: 7 });
    return tracker;
  };

  it('is over another cell once the grid was scrolled', () => {
    const scroll = { left: 3 * cellWidth, top: 10 * cellHeight };
    expect(resting().settle(geometry, { ...place, scroll })?.cell).toEqual({ row: 15, column: 10 });
  });

  it('is over another cell once the grid was zoomed', () => {
    const zoomed = fitGeometry(94, 128, 1100, 800, 2);
    expect(resting().settle(zoomed, place)?.cell).toEqual({ row: 2, column: 3 });
  });

  it('is over another cell, or none, once the grid was moved, resized or emptied', () => {
    const tracker = resting();
    expect(tracker.settle(geometry, { ...place, top: place.top - 2 * cellHeight })?.cell).toEqual({
      row: 7,
      column: 7,
    });
    expect(tracker.settle(geometry, { ...place, width: 100 })).toBeNull();
    expect(tracker.settle(fitGeometry(3, 128, 1100, 800, 1), { ...place, scroll: { left: 0, top: 900 } })).toBeNull();
    expect(tracker.settle(geometry, place)?.cell).toEqual({ row: 5, column: 7 });
  });

  it('is over nothing after it left, or before it came', () => {
    const tracker = resting();
    tracker.leave();
    expect(tracker.settle(geometry, place)).toBeNull();
    expect(createHoverTracker().settle(geometry, place)).toBeNull();
  });
});

describe('steady', () => {
  it('keeps the hover while its cell is the same, so that nothing is drawn again', () => {
    const before = { cell: { row: 1, column: 2 }, x: 10, y: 10 };
    expect(steady(before, { ...before, x: 14 })).toBe(before);
    const other = { cell: { row: 1, column: 3 }, x: 14, y: 10 };
    expect(steady(before, other)).toBe(other);
    expect(steady(null, other)).toBe(other);
    expect(steady(before, null)).toBeNull();
  });
});
