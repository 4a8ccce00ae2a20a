import { describe, expect, it } from 'vitest';
import { GIB, MIB } from '../units.ts';
import { castKernel } from './cast/kernel.ts';
import { dequantiseKernel } from './dequantise/kernel.ts';
import { sizeClass } from './device.ts';
import { differenceKernel } from './difference/kernel.ts';
import type { GatherSpec } from './gather/cpu.ts';
import { gatherKernel } from './gather/kernel.ts';
import type { Kernel } from './kernel.ts';
import { statisticsKernel } from './statistics/kernel.ts';
import { boxes, dispatchSize, type GpuTile, MAX_TILE_BYTES, placeBytes, ranges } from './tile.ts';
import { transposeKernel } from './transpose/kernel.ts';
import { unpackKernel } from './unpack/kernel.ts';

const WORD = 2 ** 32;

/** Byte of the whole output that byte `at` of a tile's is. */
function placed({ place }: GpuTile, at: number): number {
  let rest = Math.floor(at / place.runBytes);
  let to = place.at + (at % place.runBytes);
  for (const { size, pitch } of [...place.dims].reverse()) {
    to += (rest % size) * pitch;
    rest = Math.floor(rest / size);
  }
  return to;
}

/** What every tile must be: small, 32-bit inside, all of them together the whole output. */
function checkTiles<Spec>(kernel: Kernel<Spec>, spec: Spec, tileBytes: number): GpuTile[] {
  const tiles = [...(kernel.tiles(spec, { tileBytes }) ?? [])];
  let covered = 0;
  const faults: string[] = [];
  for (const tile of tiles) {
    const reads = tile.uploads.map(({ start, end }) => (start < 0 ? tileBytes + 1 : end - start));
    if (Math.max(tile.outputBytes, ...reads) > tileBytes) faults.push('too large');
    const { dims, runBytes } = tile.place;
    if (dims.reduce((product, { size }) => product * size, runBytes) !== tile.outputBytes) faults.push('lost bytes');
    if (tile.groups * 256 >= WORD) faults.push('too many threads');
    covered += tile.outputBytes;
  }
  expect(faults).toEqual([]);
  expect(covered).toBe(kernel.outputBytes(spec));
  const starts = new Set(tiles.map((tile) => placed(tile, 0)));
  expect(starts.size).toBe(tiles.length);
  const last = tiles.reduce((most, tile) => Math.max(most, placed(tile, tile.outputBytes - 1)), 0);
  expect(last).toBe(kernel.outputBytes(spec) - 1);
  return tiles;
}

/** Element of the input that the definition takes for an element of the output. */
function sourceOf({ shape, strides, bases, select }: GatherSpec, flat: number): readonly [number, number] {
  const index = shape.map(() => 0);
  let rest = flat;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    index[dim] = rest % (shape[dim] ?? 1);
    rest = Math.floor(rest / (shape[dim] ?? 1));
  }
  const input = select === null ? 0 : (index[select] ?? 0);
  const offset = index.reduce((sum, at, dim) => sum + (dim === select ? 0 : at * (strides[dim] ?? 0)), 0);
  return [input, (bases[input] ?? 0) + offset];
}

interface Key {
  readonly itemBytes: number;
  readonly select: number;
  readonly shifts?: readonly boolean[];
  readonly split?: string;
  /** Words that a plane's thread loads at a time: what its strides count. */
  readonly load?: number;
}

/** The same for a tile, by the arithmetic of its shader on its parameters. Bytes in, bytes out. */
function shaderSource(tile: GpuTile, at: number): readonly [number, number] {
  const [kind = '', form = '{}'] = [tile.shader.key.split(' ')[0], tile.shader.key.slice(tile.shader.key.indexOf(' '))];
  const { itemBytes, select, shifts, split, load = 1 } = JSON.parse(form) as Key;
  const isLog = (at: number) =>
    kind === 'gather' ? at % 2 === 1 && shifts?.[(at - 1) / 2] : at === 2 && split === 'shift';
  if (kind === 'unzip') return unzipSource(tile, JSON.parse(form) as Key, at);
  if (kind === 'zip') return zipSource(tile, JSON.parse(form) as Key, at);
  const params = [...tile.params].map((word, at) => (isLog(at) ? 2 ** word : word));
  const item = Math.floor(at / itemBytes);
  const [which, from] =
    kind === 'gather'
      ? gatherSource(params, select, item)
      : planeSource(params, select, item, Math.max(1, 4 / itemBytes) * load);
  const upload = tile.uploads[which];
  if (!upload || from * itemBytes >= WORD) throw new Error('the shader reads what is not there');
  const byte = upload.start + from * itemBytes + (at % itemBytes);
  if (byte >= upload.end) throw new Error('the shader reads past its input');
  return [upload.input, byte];
}

function unzipSource(tile: GpuTile, { shifts }: Key, at: number): readonly [number, number] {
  const params = [...tile.params].map((word, i) => (i % 2 === 1 && shifts?.[(i - 1) / 2] ? 2 ** word : word));
  const [, vectors] = gatherSource(params, -1, Math.floor(at / 16));
  const [upload] = tile.uploads;
  if (!upload || vectors * 16 >= WORD) throw new Error('the shader reads what is not there');
  return [upload.input, upload.start + vectors * 16 + 4 * Math.floor((at % 16) / 2) + (at % 2)];
}

function zipSource(tile: GpuTile, { shifts }: Key, at: number): readonly [number, number] {
  const params = [...tile.params].map((word, i) => (i % 2 === 1 && shifts?.[(i - 1) / 2] ? 2 ** word : word));
  const apart = params.pop() ?? 0;
  const [vector, inside] = [Math.floor(at / 16), Math.floor((at % 16) / 2)];
  const second = inside % 2 === 1;
  const [, from] = gatherSource(params, -1, vector);
  const upload = tile.uploads[second && tile.uploads.length > 1 ? 1 : 0];
  const vectors = from + (second && tile.uploads.length === 1 ? apart : 0);
  if (!upload || vectors * 8 >= WORD) throw new Error('the shader reads what is not there');
  return [upload.input, upload.start + vectors * 8 + Math.floor(inside / 2) * 2 + (at % 2)];
}

function gatherSource(params: readonly number[], select: number, item: number): readonly [number, number] {
  let rest = item;
  let from = 0;
  let which = 0;
  for (let dim = (params.length - 1) / 2 - 1; dim >= 0; dim--) {
    const [size = 1, stride = 0] = params.slice(1 + 2 * dim, 3 + 2 * dim);
    const index = dim === 0 ? rest : rest % size;
    rest = Math.floor(rest / size);
    from += index * stride;
    if (dim === select) which = index;
  }
  return [which, from];
}

function planeSource(params: readonly number[], select: number, item: number, per: number): readonly [number, number] {
  const [rows = 0, columns = 0, inner = 0, ...strides] = params;
  const column = item % columns;
  const row = Math.floor(item / columns) % rows;
  const index = [Math.floor(item / columns / rows), Math.floor(column / inner), column % inner];
  const word = index.reduce((sum, at, dim) => sum + at * (strides[dim] ?? 0), 0);
  return [select < 0 ? 0 : (index[select] ?? 0), word * per + row];
}

describe('tiles of a gather', () => {
  const side = 65_536;
  const huge: readonly GatherSpec[] = [
    { itemBytes: 2, shape: [side, side], strides: [1, side], bases: [0], select: null },
    { itemBytes: 1, shape: [3 * side, side - 12], strides: [1, 3 * side], bases: [5], select: null },
    { itemBytes: 2, shape: [side + 1, 2, 40_001], strides: [40_001, 0, 1], bases: [0, 7], select: 1 },
    { itemBytes: 4, shape: [20_000, 70_000, 2], strides: [70_000, 1, 0], bases: [0, 0], select: 2 },
    {
      itemBytes: 2,
      shape: [256, 4096, 2, 1536],
      strides: [3072 * 4096, 1, 1536 * 4096, 4096],
      bases: [0],
      select: null,
    },
    { itemBytes: 2, shape: [30_000, 40_000, 2], strides: [40_000, 1, 0], bases: [3, 8], select: 2 },
    { itemBytes: 2, shape: [30_000, 40_000, 2], strides: [80_000, 1, 40_000], bases: [0], select: null },
    { itemBytes: 2, shape: [40_000, 2, 30_000], strides: [1, 0, 40_000], bases: [11, 0], select: 1 },
    { itemBytes: 2, shape: [60_000, 40_000], strides: [120_008, 2], bases: [5], select: null },
  ];

  it.each(huge)('cover %j, more than 4 GiB, and read what its definition says', (spec) => {
    expect(gatherKernel.outputBytes(spec)).toBeGreaterThan(4 * GIB);
    const wrong: (readonly [number, number])[] = [];
    for (const tileBytes of [32 * MIB, MAX_TILE_BYTES]) {
      for (const [number, tile] of checkTiles(gatherKernel, spec, tileBytes).entries()) {
        if (number % 7 !== 0 && number > 3) continue;
        for (const share of [0, 0.123, 0.5, 0.77, 1]) {
          const at = Math.floor((tile.outputBytes - 1) * share);
          const to = placed(tile, at);
          const [input, element] = sourceOf(spec, Math.floor(to / spec.itemBytes));
          const [from, byte] = shaderSource(tile, at);
          if (from !== input || byte !== element * spec.itemBytes + (to % spec.itemBytes)) wrong.push([number, at]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('walk transposes in words, rows in vectors, and the rest element by element', () => {
    const keyOf = (spec: GatherSpec) => [...(gatherKernel.tiles(spec, { tileBytes: MIB }) ?? [])][0]?.shader.key;
    const one = { bases: [0], select: null };
    expect(keyOf({ ...one, itemBytes: 2, shape: [64, 64], strides: [1, 64] })).toMatch(/^plane .*"itemBytes":2/);
    expect(keyOf({ ...one, itemBytes: 2, shape: [64, 63], strides: [1, 64] })).toMatch(/^gather .*"itemBytes":2/);
    expect(keyOf({ ...one, itemBytes: 2, shape: [64, 64], strides: [128, 1] })).toMatch(/^gather .*"itemBytes":16/);
    expect(keyOf({ ...one, itemBytes: 2, shape: [64, 62], strides: [128, 1] })).toMatch(/^gather .*"itemBytes":4/);
    expect(keyOf({ ...one, itemBytes: 2, shape: [64, 64], strides: [256, 2] })).toMatch(/^unzip /);
    expect(keyOf({ ...one, itemBytes: 2, shape: [64, 60], strides: [256, 2] })).toMatch(/^gather .*"itemBytes":2/);
    expect(
      gatherKernel.tiles({ ...one, itemBytes: 2, shape: [4, 4], strides: [-4, 1] }, { tileBytes: MIB }),
    ).toBeNull();
  });

  it('are none for an empty output', () => {
    const spec: GatherSpec = { itemBytes: 2, shape: [0, 4], strides: [4, 1], bases: [0], select: null };
    expect([...(gatherKernel.tiles(spec, { tileBytes: MIB }) ?? [])]).toEqual([]);
  });
});

describe('tiles of every other kernel', () => {
  it('cover tensors of more than 4 GiB', () => {
    const e = 5 * GIB;
    checkTiles(castKernel, { from: 'BF16', to: 'F32', count: e + 3 }, 32 * MIB);
    checkTiles(statisticsKernel, { dtype: 'BF16', segments: 3, count: e + 5 }, 32 * MIB);
    checkTiles(statisticsKernel, { dtype: 'F32', segments: 2000, count: 1_000_001 }, 32 * MIB);
    checkTiles(differenceKernel, { dtype: 'F32', count: e + 7 }, 128 * MIB);
    checkTiles(transposeKernel, { itemBytes: 2, batch: 256, rows: 4096, columns: 4096 }, 128 * MIB);
    checkTiles(dequantiseKernel, { format: 'mxfp4', groups: GIB / 4 + 1 }, 32 * MIB);
    const fp8 = { format: 'e4m3', batch: 300, rows: 4000, columns: 4096, blockRows: 128, blockColumns: 128 } as const;
    for (const tile of checkTiles(dequantiseKernel, fp8, 32 * MIB)) {
      const [columns = 0, rows = 0, first = 0, gridRows = 0, gridColumns = 0, firstGrid = 0] = tile.params;
      const [codes, scales] = tile.uploads;
      const row = (codes?.start ?? 0) / columns;
      expect(row % rows).toBe(first);
      expect(scales?.start).toBe(4 * gridColumns * (Math.floor(row / rows) * gridRows + firstGrid));
      expect(tile.params.every((word) => word < WORD)).toBe(true);
    }
    const shape = [fp8.columns, fp8.batch * fp8.rows];
    const turned = { itemBytes: 2, shape, strides: [1, fp8.columns], bases: [0], select: null };
    for (const tile of checkTiles(unpackKernel, { packed: [fp8], gather: turned }, 4 * MIB)) {
      const [codes, scales] = tile.uploads;
      const row = (codes?.start ?? 0) / fp8.columns;
      const gridRow = Math.floor(row / fp8.rows) * 32 + Math.floor((row % fp8.rows) / fp8.blockRows);
      expect(scales?.start).toBe(4 * 32 * gridRow);
      expect(tile.params.at(-2)).toBe(row % fp8.rows);
      expect(tile.params.at(-1)).toBe(Math.floor((row % fp8.rows) / fp8.blockRows));
      expect(tile.place.at).toBe(2 * row);
    }
  });
});

describe('tile arithmetic', () => {
  it('spreads workgroups over two dimensions', () => {
    expect(dispatchSize(10, 65_535)).toEqual([10, 1]);
    for (const groups of [65_535, 65_536, 131_071, 9_999_999]) {
      const [x, y] = dispatchSize(groups, 65_535);
      expect(x * y).toBeGreaterThanOrEqual(groups);
      expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
      expect(x * y - groups).toBeLessThan(y);
    }
  });

  it('cuts ranges at multiples of a step', () => {
    expect([...ranges(10, 4, 4)]).toEqual([
      [0, 4],
      [4, 8],
      [8, 10],
    ]);
    expect([...ranges(10, 3, 4)][0]).toEqual([0, 4]);
    expect([...ranges(0, 3, 4)]).toEqual([]);
  });

  it('halves boxes until they fit, once each element', () => {
    const seen = new Set<string>();
    const box = [
      [0, 5],
      [0, 300],
    ] as const;
    const fits = (each: typeof box | readonly (readonly [number, number])[]) =>
      each.reduce((product, [lo, hi]) => product * (hi - lo), 1) <= 100;
    for (const [[r0, r1] = [0, 0], [c0, c1] = [0, 0]] of boxes(
      box,
      fits,
      (each, dim) => (each[dim]?.[1] ?? 0) - (each[dim]?.[0] ?? 0),
    )) {
      for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++) seen.add(`${r},${c}`);
    }
    expect(seen.size).toBe(1500);
  });

  it('puts runs where they belong', () => {
    const output = new Uint8Array(12);
    placeBytes(
      {
        at: 1,
        runBytes: 2,
        dims: [
          { size: 2, pitch: 6 },
          { size: 2, pitch: 3 },
        ],
      },
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      output,
    );
    expect([...output]).toEqual([0, 1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8]);
  });

  it('keeps few sizes of buffers', () => {
    expect([1, 4096, 4097, 6145, MIB, MIB + 1].map(sizeClass)).toEqual([4096, 4096, 6144, 8192, MIB, 1.5 * MIB]);
  });
});
