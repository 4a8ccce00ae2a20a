import { expect, it } from 'vitest';
import { fitGeometry } from '../geometry.ts';
import { scrollToSpot, spotOf } from './spot.ts';

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
