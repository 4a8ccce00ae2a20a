import { describe, expect, it } from 'vitest';
import { fitGeometry } from '../geometry.ts';
import { overviewOf, scrollFromOverview, scrollOfKey } from './overview.ts';

const view = { left: 0, top: 0, width: 1100, height: 800 };
const zoomed = fitGeometry(94, 128, 1100, 800, 4);

describe('overviewOf', () => {
  it('is there only where the grid does not fit', () => {
    expect(overviewOf(fitGeometry(94, 128, 1100, 800, 1), view)).toBeNull();
    expect(overviewOf(zoomed, { ...view, width: 0 })).toBeNull();
    expect(overviewOf(zoomed, view)).not.toBeNull();
  });

  it('is small, in the proportions of the grid, with a frame inside', () => {
    for (const [left, top] of [
      [0, 0],
      [900, 700],
      [9000, 9000],
    ] as const) {
      const { width, height, frame } = overviewOf(zoomed, { ...view, left, top }) ?? {};
      expect(width).toBeLessThanOrEqual(160);
      expect(height).toBeLessThanOrEqual(112);
      expect((frame?.x ?? -1) + (frame?.width ?? 999)).toBeLessThanOrEqual(width ?? 0);
      expect((frame?.y ?? -1) + (frame?.height ?? 999)).toBeLessThanOrEqual(height ?? 0);
    }
  });
});

describe('scrollFromOverview', () => {
  it('brings the point into the middle, and stops at the ends', () => {
    const overview = overviewOf(zoomed, view);
    if (!overview) throw new Error('the grid does not fit');
    const { width, height } = overview;
    const scroll = scrollFromOverview(zoomed, view, overview, { x: width / 2, y: height / 2 });
    const { frame } = overviewOf(zoomed, { ...view, ...scroll }) ?? overview;
    expect(frame.x + frame.width / 2).toBeCloseTo(width / 2, 0);
    expect(frame.y + frame.height / 2).toBeCloseTo(height / 2, 0);
    expect(scrollFromOverview(zoomed, view, overview, { x: -5, y: -5 })).toEqual({ left: 0, top: 0 });
  });
});

describe('scrollOfKey', () => {
  it('moves by a quarter of what is in sight', () => {
    expect(scrollOfKey('ArrowRight', view)).toEqual({ left: 275, top: 0 });
    expect(scrollOfKey('ArrowUp', { ...view, top: 300 })).toEqual({ left: 0, top: 100 });
    expect(scrollOfKey('a', view)).toBeNull();
  });
});
