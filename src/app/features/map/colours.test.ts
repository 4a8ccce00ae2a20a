import { describe, expect, it } from 'vitest';
import { CELL, type ExpertMap, NO_DTYPE, NO_SHARD } from '../../../core/index.ts';
import { TEN } from '../../grid/paint/palette.ts';
import { legendOf, pixelsOf } from './colours.ts';

function mapWith(shards: number, bytes: readonly number[] = [10, 20, 0, 30]): ExpertMap {
  return {
    rows: [],
    columns: 4,
    state: Uint8Array.of(CELL.present, CELL.defect, CELL.pending, CELL.present),
    shard: Uint16Array.of(0, 11, NO_SHARD, NO_SHARD),
    split: new Uint8Array(4),
    bytes: Float64Array.from(bytes),
    dtype: Uint8Array.of(0, 1, NO_DTYPE, 0),
    shards: Array.from({ length: shards }, (_, at) => `model-0000${at + 1}-of-00012.safetensors`),
    dtypes: ['BF16', 'F32'],
    defects: 1,
  };
}

const hexAt = (pixels: Uint8ClampedArray, cell: number) =>
  `#${[...pixels.subarray(cell * 4, cell * 4 + 3)].map((part) => part.toString(16).padStart(2, '0')).join('')}`;

describe('pixelsOf', () => {
  it('gives shards the ten colours in turn, and pending cells none', () => {
    const pixels = pixelsOf(mapWith(12), 'shard');
    expect([0, 1, 3].map((cell) => hexAt(pixels, cell))).toEqual([TEN[0], TEN[1], '#808080']);
    expect(pixels[2 * 4 + 3]).toBe(0);
    expect(pixels[3]).toBe(255);
  });

  it('puts bytes on a ramp, and equal bytes on its middle', () => {
    const pixels = pixelsOf(mapWith(1), 'bytes');
    expect(hexAt(pixels, 0)).toBe('#440154');
    expect(hexAt(pixels, 3)).toBe('#b5de2b');
    expect(hexAt(pixelsOf(mapWith(1, [5, 5, 0, 5]), 'bytes'), 0)).toBe('#1f9e89');
  });
});

describe('legendOf', () => {
  it('names few shards, and says that colours repeat where there are many', () => {
    expect(legendOf(mapWith(3), 'shard').items.map((item) => item.text)).toEqual(['1', '2', '3']);
    expect(legendOf(mapWith(12), 'shard').note).toContain('12 shards');
  });

  it('names dtypes, and the ends of the ramp', () => {
    expect(legendOf(mapWith(3), 'dtype').items.map((item) => item.text)).toEqual(['BF16', 'F32']);
    expect(legendOf(mapWith(3), 'bytes').ramp).toMatchObject({ least: '10 B', most: '30 B' });
    expect(legendOf(mapWith(3, [5, 5, 0, 5]), 'bytes').ramp).toBeNull();
  });
});
