import { describe, expect, it } from 'vitest';
import { CELL, type ExpertMap, type MapRow, NO_DTYPE, NO_SHARD } from '../../../core/index.ts';
import { layoutColour } from '../../grid/paint/layout-colours.ts';
import { TEN } from '../../grid/paint/palette.ts';
import { bytesDiffer, legendOf, pictureOf, shownColour } from './colours.ts';

const ROW: MapRow = {
  group: 0,
  prefix: 'model.layers.0.mlp',
  index: 0,
  kind: 'moe',
  family: 'gate-up',
  dialect: null,
  experts: 4,
  stacked: true,
  bands: [],
  shared: 0,
  router: 1,
  attention: 0,
  bytes: 0,
  defects: [],
};

function mapWith(shards: number, bytes: readonly number[] = [10, 20, 0, 30]): ExpertMap {
  const first = Uint16Array.of(0, 11, NO_SHARD, NO_SHARD);
  return {
    rows: [ROW],
    columns: 4,
    state: Uint8Array.of(CELL.present, CELL.defect, CELL.pending, CELL.present),
    files: {
      gate: first,
      up: first,
      down: Uint16Array.of(2, NO_SHARD, NO_SHARD, NO_SHARD),
      besides: new Uint16Array(4).fill(NO_SHARD),
    },
    bytes: Float64Array.from(bytes),
    dtype: Uint8Array.of(0, 1, NO_DTYPE, 0),
    shards: Array.from({ length: shards }, (_, at) => `model-0000${at + 1}-of-00012.safetensors`),
    dtypes: ['BF16', 'F32'],
    defects: 1,
  };
}

const hexAt = (pixels: Uint8ClampedArray, cell: number) =>
  `#${[...pixels.subarray(cell * 4, cell * 4 + 3)].map((part) => part.toString(16).padStart(2, '0')).join('')}`;

describe('pictureOf', () => {
  it('gives whole experts the colour of their layout, and defects and what is not read none', () => {
    const { pixels, lanes, bands } = pictureOf(mapWith(12), 'layout');
    const colour = layoutColour({ family: 'gate-up' });
    expect([0, 3].map((cell) => hexAt(pixels, cell))).toEqual([colour, colour]);
    expect([1, 2].map((cell) => pixels[cell * 4 + 3])).toEqual([0, 0]);
    expect([lanes, bands]).toEqual([undefined, 'roles']);
  });

  it('splits a cell into the colours of its files, which are ten in turn', () => {
    const { pixels, lanes, bands } = pictureOf(mapWith(12), 'shard');
    expect([lanes, bands, pixels.length]).toEqual([3, 'files', 4 * 3 * 4]);
    const cell = (column: number) => [0, 4, 8].map((lane) => hexAt(pixels, lane + column));
    expect(cell(0)).toEqual([TEN[0], TEN[0], TEN[2]]);
    expect(cell(1)).toEqual([TEN[1], TEN[1], TEN[1]]);
    expect(cell(3)).toEqual(['#808080', '#808080', '#808080']);
    expect(pixels[2 * 4 + 3]).toBe(0);
    expect(pixels[3]).toBe(255);
  });

  it('puts bytes on a ramp', () => {
    const { pixels } = pictureOf(mapWith(1), 'bytes');
    expect(hexAt(pixels, 0)).toBe('#440154');
    expect(hexAt(pixels, 3)).toBe('#b5de2b');
  });
});

describe('shownColour', () => {
  it('is the one that was chosen, and layout instead of bytes that are all equal', () => {
    const equal = mapWith(1, [5, 5, 0, 5]);
    expect([bytesDiffer(equal), bytesDiffer(mapWith(1))]).toEqual([false, true]);
    expect(shownColour(mapWith(1), 'bytes')).toBe('bytes');
    expect(shownColour(equal, 'bytes')).toBe('layout');
    expect(shownColour(equal, 'shard')).toBe('shard');
  });
});

describe('legendOf', () => {
  it('names the layouts that occur, and the three matrices', () => {
    expect(legendOf({ ...mapWith(3), rows: [{ ...ROW, kind: 'dense', family: null }] }, 'layout').items).toEqual([]);
    expect(legendOf(mapWith(3), 'layout').items.map((item) => item.text)).toEqual(['gate-up', 'gate', 'up', 'down']);
  });

  it('names ten files at most, and never a colour twice', () => {
    expect(legendOf(mapWith(3), 'shard').items.map((item) => item.text)).toEqual(['1', '2', '3']);
    expect(legendOf(mapWith(12), 'shard').items).toEqual([]);
    expect(legendOf(mapWith(12), 'shard').note).toContain('12 files');
  });

  it('names dtypes, and the ends of the ramp', () => {
    expect(legendOf(mapWith(3), 'dtype').items.map((item) => item.text)).toEqual(['BF16', 'F32']);
    expect(legendOf(mapWith(3), 'bytes').ramp).toMatchObject({ least: '10 B', most: '30 B' });
  });
});
