import { describe, expect, it } from 'vitest';
import { cellAt, fitGeometry } from '../geometry.ts';
import { anchorOf, clampZoom, keepAnchor, mostZoom, STEP, wheelFactor, zoomOfKey } from './zoom.ts';

const fit = fitGeometry(94, 128, 1100, 800, 1);
const view = { left: 0, top: 0, width: 1100, height: 800 };
const plain = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false };

describe('zoom', () => {
  it('goes from what fits to cells of 64 pixels', () => {
    const most = mostZoom(94, 128, 1100, 800);
    const { cellWidth, cellHeight } = fitGeometry(94, 128, 1100, 800, most);
    expect(Math.min(cellWidth, cellHeight)).toBe(64);
    expect([clampZoom(0.2, most), clampZoom(2, most), clampZoom(99, most)]).toEqual([1, 2, most]);
    expect(mostZoom(0, 0, 0, 0)).toBeGreaterThanOrEqual(1);
  });

  it('grows when the wheel turns up, by no more than a half at a time', () => {
    expect(wheelFactor({ deltaY: -5, deltaMode: 0 })).toBeGreaterThan(1);
    expect(wheelFactor({ deltaY: 5, deltaMode: 0 })).toBeLessThan(1);
    expect(wheelFactor({ deltaY: -400, deltaMode: 0 })).toBeLessThan(1.5);
    expect(wheelFactor({ deltaY: -1, deltaMode: 1 })).toBeCloseTo(wheelFactor({ deltaY: -16, deltaMode: 0 }));
  });

  it('follows plus, minus and zero, and leaves the browser its own keys', () => {
    const zoomed = (key: string, more = {}) => zoomOfKey({ key, ...plain, ...more }, 2);
    expect([zoomed('+'), zoomed('='), zoomed('-'), zoomed('0')]).toEqual([2 * STEP, 2 * STEP, 2 / STEP, 1]);
    expect([zoomed('+', { ctrlKey: true }), zoomed('0', { metaKey: true }), zoomed('a')]).toEqual([null, null, null]);
  });
});

describe('keepAnchor', () => {
  it('keeps the cell under a point under it', () => {
    const after = fitGeometry(94, 128, 1100, 800, 3.3);
    for (const [x, y] of [
      [400, 300],
      [1000, 700],
      [90, 30],
    ] as const) {
      const scroll = keepAnchor(fit, after, view, { x, y });
      expect(cellAt(after, scroll, x, y)).toEqual(cellAt(fit, view, x, y));
    }
  });

  it('keeps the corner where the point is beside the cells', () => {
    expect(keepAnchor(fit, fitGeometry(94, 128, 1100, 800, 2), view, { x: 3, y: 3 })).toEqual({ left: 0, top: 0 });
  });
});

describe('anchorOf', () => {
  it('is the cursor where it is in sight, else the middle', () => {
    const at = anchorOf(fit, view, { row: 4, column: 6 });
    expect(cellAt(fit, view, at.x, at.y)).toEqual({ row: 4, column: 6 });
    const large = fitGeometry(94, 128, 1100, 800, 4);
    const middle = { x: (large.gutter + 1100) / 2, y: (large.axis + 800) / 2 };
    expect(anchorOf(large, view, { row: 90, column: 120 })).toEqual(middle);
    expect(anchorOf(large, view, null)).toEqual(middle);
  });
});
