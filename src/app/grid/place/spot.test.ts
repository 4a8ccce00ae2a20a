import { expect, it } from 'vitest';
import { fitGeometry } from '../geometry.ts';
import { bringCell, scrollToSpot, spotOf } from './spot.ts';

const SIZE = { width: 800, height: 500 };

it('scrolls back to where a spot was taken, in the same window and in another', () => {
  const geometry = fitGeometry(94, 128, SIZE.width, SIZE.height, 4);
  for (const from of [
    { left: 0, top: 33 },
    { left: 700, top: 0 },
    { left: 512, top: 401 },
  ]) {
    const spot = spotOf(geometry, { ...from, ...SIZE });
    const to = scrollToSpot(geometry, spot, SIZE);
    expect(to.left).toBeCloseTo(from.left, 6);
    expect(to.top).toBeCloseTo(from.top, 6);
    const small = { width: 400, height: 300 };
    const other = fitGeometry(94, 128, small.width, small.height, 4);
    const there = spotOf(other, { ...scrollToSpot(other, spot, small), ...small });
    if (from.left > 0) expect(there.column).toBeCloseTo(spot.column, 6);
    if (from.top > 0) expect(there.row).toBeCloseTo(spot.row, 6);
  }
});

it('brings a cell into the middle where it is out of sight, and scrolls nothing else', () => {
  const geometry = fitGeometry(94, 128, SIZE.width, SIZE.height, 4);
  const scrolled: { left?: number; top?: number }[] = [];
  const element = {
    ...{ scrollLeft: 0, scrollTop: 0, clientWidth: SIZE.width, clientHeight: SIZE.height },
    scrollTo: (to: { left?: number; top?: number }) => void scrolled.push(to),
  };
  const bring = (row: number, column: number) =>
    bringCell(element as unknown as HTMLElement, geometry, { row, column });
  bring(2, 3);
  bring(2, -2);
  expect(scrolled).toEqual([]);
  bring(47, 99);
  const { left = 0, top = 0 } = scrolled[0] ?? {};
  expect(spotOf(geometry, { left, top, ...SIZE })).toEqual({ row: 47.5, column: 99.5 });
  bring(80, -2);
  expect(scrolled[1]).toEqual({ top: expect.any(Number) });
});
