import { describe, expect, it } from 'vitest';
import type { PlacedPicture } from '../../../../workers/ranks/protocol.ts';
import { mapOf, rowOf } from '../../grid/scene.fixture.ts';
import { rankColour } from '../../placement/rank-colours.ts';
import { rankCells } from './rank-cells.ts';

const hex = (pixels: Uint8ClampedArray, cell: number) =>
  `#${[...pixels.subarray(cell * 4, cell * 4 + 3)].map((part) => part.toString(16).padStart(2, '0')).join('')}`;

const map = mapOf([rowOf(0, null), rowOf(1, 4), rowOf(2, 4)]);
/** Layer 1 alone is placed: two ranks, two experts each. */
const placed = {
  mesh: { world: 2 },
  ep: 2,
  rows: [{ prefix: 'model.layers.1.mlp', index: 1, experts: 4 }],
  width: 4,
  holders: Int32Array.of(0, 0, 1, 1),
} as unknown as PlacedPicture;

describe('the map coloured by ranks', () => {
  it('gives each expert the colour of the first rank that holds it, by the layer’s prefix', () => {
    const { pixels, words, legend } = rankCells(map, { placed, error: null }, 'vLLM');
    expect([4, 5, 6, 7].map((cell) => hex(pixels, cell))).toEqual([0, 0, 1, 1].map((rank) => rankColour(rank, 2)));
    expect([...pixels.subarray(0, 16), ...pixels.subarray(32)].every((part) => part === 0)).toBe(true);
    expect([words({ row: 1, column: 2 }), words({ row: 2, column: 0 }), words({ row: 1, column: -1 })]).toEqual([
      'rank 1',
      'no rank',
      'no rank',
    ]);
    expect(legend.items.map(({ text }) => text)).toEqual(['rank 0', 'rank 1']);
    expect(legend.note).toBe('vLLM, EP 2');
  });

  it('says why nothing is placed, and names nodes where ranks are many', () => {
    expect(rankCells(map, { placed: null, error: 'uneven' }, 'vLLM').legend.note).toBe('no placement for vLLM: uneven');
    expect(rankCells(map, null, 'vLLM').legend.note).toBe('computing the placement');
    const many = { ...placed, mesh: { world: 64 }, ep: 64 } as PlacedPicture;
    expect(rankCells(map, { placed: many, error: null }, 'vLLM').legend).toMatchObject({
      items: [],
      note: 'vLLM, EP 64: 64 ranks, one hue for each node of 8 ranks',
    });
  });
});
