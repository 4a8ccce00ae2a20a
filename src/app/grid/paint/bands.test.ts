import { describe, expect, it } from 'vitest';
import { BANDS } from '../scene.fixture.ts';
import { bandBoxes, detailOf } from './bands.ts';

const size = (side: number) => ({ cellWidth: side, cellHeight: side });

describe('detailOf', () => {
  it('goes by the shorter side', () => {
    expect([4, 8, 15].map((side) => detailOf(size(side)))).toEqual(['plain', 'plain', 'plain']);
    expect([16, 27].map((side) => detailOf(size(side)))).toEqual(['bands', 'bands']);
    expect(detailOf(size(28))).toBe('numbers');
    expect(detailOf({ cellWidth: 40, cellHeight: 15 })).toBe('plain');
  });
});

describe('bandBoxes', () => {
  const boxes = (bands: keyof typeof BANDS, side = 40, stacked = true) =>
    bandBoxes({ bands: BANDS[bands], stacked }, size(side));
  const bottom = (box: { y: number; height: number } | undefined) => (box?.y ?? 0) + (box?.height ?? 0);

  it('puts three tensors below each other, with gaps', () => {
    for (const side of [16, 20, 28, 64]) {
      const [gate, up, down] = boxes('three', side);
      expect([gate?.projection, up?.projection, down?.projection]).toEqual(['gate', 'up', 'down']);
      expect(up?.y).toBeGreaterThan(bottom(gate));
      expect(down?.y).toBeGreaterThan(bottom(up));
      expect(bottom(down)).toBeLessThan(side);
      expect(Math.min(...[gate, up, down].map((box) => box?.height ?? 0))).toBeGreaterThanOrEqual(2);
    }
  });

  it('puts gate and up of one tensor side by side or below each other, without a gap', () => {
    const [gate, up, down] = boxes('joint');
    expect(up?.y).toBe(bottom(gate));
    expect(down?.y).toBeGreaterThan(bottom(up));
    const [left, right] = boxes('turned');
    expect([left?.x, left?.width, right?.x, right?.width]).toEqual([0, 20, 20, 20]);
    expect(right?.y).toBe(left?.y);
  });

  it('draws what is interleaved as stripes that fill the tensor by turns', () => {
    const stripes = boxes('interleaved')
      .filter(({ projection }) => projection !== 'down')
      .sort((a, b) => a.y - b.y);
    expect(stripes.length).toBeGreaterThanOrEqual(4);
    stripes.forEach((stripe, at) => {
      expect(stripe.projection).toBe(at % 2 === 0 ? 'gate' : 'up');
      if (at > 0) expect(stripe.y).toBe(bottom(stripes[at - 1]));
    });
    const across = boxes('interleavedTurned', 16).filter(({ projection }) => projection !== 'down');
    expect(across.reduce((sum, { width }) => sum + width, 0)).toBe(16);
    expect(new Set(across.map(({ y }) => y)).size).toBe(1);
  });

  it('keeps room for a number above the bands of large cells alone', () => {
    expect(boxes('three', 27)[0]?.y).toBeLessThan(6);
    expect(boxes('three', 28)[0]?.y).toBeGreaterThanOrEqual(11);
  });
});
