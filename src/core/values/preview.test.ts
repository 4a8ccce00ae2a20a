import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import type { CheckpointTensor } from '../checkpoint/types.ts';
import { dequantiseCpu } from '../kernels/dequantise/cpu.ts';
import { scalesAsF32 } from '../kernels/dequantise/scales.ts';
import { bitsOf, DTYPES, type DType } from '../safetensors/dtype.ts';
import { codeValues, type TensorValue } from '../safetensors/dtype-codes.ts';
import { countingFiles, filesOf, openFixture, patternBytes, safetensorsBytes } from '../testing.fixture.ts';
import { decodeValues, formatValue } from './decode.ts';
import { histogramTensor } from './histogram.ts';
import { indexOf, previewTensor } from './preview.ts';

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;

/** Bytes as they stand in a file, and what they say: worked out by hand from each format's definition. */
const KNOWN: Readonly<Record<DType, readonly [readonly number[], readonly TensorValue[]]>> = {
  BOOL: [
    [0, 1, 2, 255],
    [false, true, true, true],
  ],
  F4: [
    [0x10, 0x32, 0x54, 0x76, 0x98, 0xf7],
    [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, 6, -6],
  ],
  // 1 = 001000, 2 = 010000, −7.5 = 111111, 0.125 = 000001: 24 bits 000001 111111 010000 001000.
  F6_E2M3: [
    [0x08, 0xf4, 0x07],
    [1, 2, -7.5, 0.125],
  ],
  // 1 = 001100, −28 = 111111, 0.0625 = 000001, −0 = 100000.
  F6_E3M2: [
    [0xcc, 0x1f, 0x80],
    [1, -28, 0.0625, -0],
  ],
  U8: [
    [0, 127, 128, 255],
    [0, 127, 128, 255],
  ],
  I8: [
    [0, 127, 128, 255],
    [0, 127, -128, -1],
  ],
  F8_E5M2: [
    [0x3c, 0x7b, 0x7c, 0xfc, 0x7d, 0x01, 0x80],
    [1, 57344, INF, -INF, NAN, 2 ** -16, -0],
  ],
  F8_E4M3: [
    [0x38, 0x7e, 0x7f, 0xff, 0x01, 0x08, 0xb8],
    [1, 448, NAN, NAN, 2 ** -9, 2 ** -6, -1],
  ],
  F8_E8M0: [
    [0, 127, 128, 254, 255],
    [2 ** -127, 1, 2, 2 ** 127, NAN],
  ],
  F8_E4M3FNUZ: [
    [0x40, 0x7f, 0x80, 0x01, 0xff, 0],
    [1, 240, NAN, 2 ** -10, -240, 0],
  ],
  F8_E5M2FNUZ: [
    [0x40, 0x7f, 0x80, 0x01, 0xff],
    [1, 57344, NAN, 2 ** -17, -57344],
  ],
  I16: [
    [0xff, 0xff, 0x00, 0x80, 0x34, 0x12],
    [-1, -32768, 0x1234],
  ],
  U16: [
    [0xff, 0xff, 0x00, 0x80, 0x34, 0x12],
    [65535, 32768, 0x1234],
  ],
  F16: [
    [0x00, 0x3c, 0xff, 0x7b, 0x00, 0x7c, 0x01, 0x7e, 0x01, 0x00, 0x00, 0x80],
    [1, 65504, INF, NAN, 2 ** -24, -0],
  ],
  BF16: [
    [0x80, 0x3f, 0xc0, 0x7f, 0x80, 0xff, 0x01, 0x00, 0xcd, 0x3d],
    [1, NAN, -INF, 2 ** -133, 0.10009765625],
  ],
  I32: [
    [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80],
    [-1, -2147483648],
  ],
  U32: [
    [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80],
    [4294967295, 2147483648],
  ],
  F32: [
    [0, 0, 0x80, 0x3f, 0xcd, 0xcc, 0xcc, 0x3d, 0, 0, 0x80, 0xff],
    [1, 0.10000000149011612, -INF],
  ],
  C64: [[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], [{ re: 1, im: -2 }]],
  F64: [[0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f], [0.1]],
  I64: [
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0x80],
    [-1n, -9223372036854775807n],
  ],
  U64: [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [18446744073709551615n]],
};

describe('decodeValues', () => {
  it('knows every dtype of the format', () => {
    expect(Object.keys(KNOWN).sort()).toEqual([...DTYPES].sort());
  });

  it.each(Object.entries(KNOWN))('reads %s', (dtype, [bytes, values]) => {
    const count = (bytes.length * 8) / bitsOf(dtype as DType);
    expect(decodeValues(dtype as DType, Uint8Array.from(bytes), 0, count)).toEqual(values);
    expect(decodeValues(dtype as DType, Uint8Array.from(bytes), count - 1, count)).toEqual(values.slice(-1));
  });

  it('reads FP8 as the kernels do, in every code', () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const one = { batch: 1, rows: 1, columns: 256, blockRows: 1, blockColumns: 256 };
    for (const [dtype, format] of [['F8_E4M3', 'e4m3'] as const, ['F8_E5M2', 'e5m2'] as const]) {
      const made = new Uint8Array(512);
      dequantiseCpu({ format, ...one }, [codes, scalesAsF32(codes, null)], made);
      expect(decodeValues('BF16', made, 0, 256)).toEqual([...codeValues(dtype)]);
    }
  });

  it('reads bytes that lie at odd places', () => {
    const bytes = Uint8Array.from([9, ...KNOWN.F64[0]]).subarray(1);
    expect(decodeValues('F64', bytes, 0, 1)).toEqual([0.1]);
  });
});

describe('formatValue', () => {
  it.each<[DType, TensorValue, string]>([
    ['F32', 0.10000000149011612, '0.1'],
    ['F32', 16777216, '16777216'],
    ['BF16', 0.10009765625, '0.1'],
    ['F16', 65504, '65500'],
    ['F16', 0.0999755859375, '0.1'],
    ['F64', 0.1, '0.1'],
    ['F64', 0.30000000000000004, '0.30000000000000004'],
    ['F8_E4M3', 0.001953125, '0.001953125'],
    ['F32', -0, '-0'],
    ['BF16', NAN, 'NaN'],
    ['BF16', -INF, '-Infinity'],
    ['I64', -9223372036854775807n, '-9223372036854775807'],
    ['BOOL', true, 'true'],
    ['C64', { re: 1, im: -2 }, '1-2i'],
    ['C64', { re: 0.10000000149011612, im: 0 }, '0.1+0i'],
  ])('writes %s %s as %s', (dtype, value, text) => {
    expect(formatValue(dtype, value)).toBe(text);
  });

  it('writes digits that lead back to the same F32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        expect(Math.fround(Number(formatValue('F32', value)))).toBe(value);
      }),
    );
  });
});

async function open(tensors: readonly { name: string; dtype: DType; shape: readonly number[]; bytes?: Uint8Array }[]) {
  const counted = countingFiles(filesOf({ 'model.safetensors': safetensorsBytes(tensors) }));
  const { tensors: found } = await openCheckpoint(counted.files);
  counted.reads.length = 0;
  return { ...counted, of: (name: string) => found.get(name) as CheckpointTensor };
}

describe('previewTensor', () => {
  it.each(DTYPES.map((dtype) => [dtype]))('reads the ends of %s and nothing else', async (dtype) => {
    const elements = 1000;
    const { files, reads, of } = await open([
      { name: 'before', dtype: 'U8', shape: [3] },
      { name: 'x', dtype, shape: [10, 100] },
    ]);
    const tensor = of('x');
    const preview = await previewTensor(tensor, files, { count: 5 });
    const bits = bitsOf(dtype);
    const head = Math.ceil((5 * bits) / 8);
    const tail = (8 * bits) / 8;
    expect(reads).toEqual([
      { file: 'model.safetensors', start: tensor.start, end: tensor.start + head },
      { file: 'model.safetensors', start: tensor.end - tail, end: tensor.end },
    ]);
    expect(preview.bytes).toBe(head + tail);
    const all = decodeValues(dtype, patternBytes('x', (elements * bits) / 8), 0, elements);
    expect(preview).toMatchObject({ elements, first: all.slice(0, 5), last: all.slice(-5) });
  });

  it('reads small tensors once, and empty ones not at all', async () => {
    const { files, reads, of } = await open([
      { name: 'small', dtype: 'F32', shape: [], bytes: Uint8Array.from([0, 0, 0x80, 0x3f]) },
      { name: 'none', dtype: 'F32', shape: [0, 4] },
    ]);
    expect(await previewTensor(of('small'), files)).toEqual({ elements: 1, first: [1], last: [], bytes: 4 });
    expect(reads).toHaveLength(1);
    expect(await previewTensor(of('none'), files)).toEqual({ elements: 0, first: [], last: [], bytes: 0 });
    expect(reads).toHaveLength(1);
  });

  it('stops when it is told to', async () => {
    const { files, of } = await open([{ name: 'x', dtype: 'U8', shape: [100] }]);
    await expect(previewTensor(of('x'), files, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      tag: 'cancelled',
    });
  });
});

describe('indexOf', () => {
  it('counts the last dim fastest', () => {
    expect(indexOf(0, [2, 3, 4])).toEqual([0, 0, 0]);
    expect(indexOf(23, [2, 3, 4])).toEqual([1, 2, 3]);
    expect(indexOf(0, [])).toEqual([]);
  });
});

describe('histogramTensor', () => {
  const options = () => ({ budget: createBudget(64e6) });

  it.each(DTYPES.map((dtype) => [dtype]))('counts %s as looking at every number does', async (dtype) => {
    const elements = 4096;
    const { files, reads, of } = await open([{ name: 'x', dtype, shape: [elements] }]);
    const found = await histogramTensor(of('x'), files, options());
    expect(reads).toHaveLength(1);
    const values = decodeValues(dtype, patternBytes('x', (elements * bitsOf(dtype)) / 8), 0, elements);
    const numbers = values.flatMap((value) => (typeof value === 'object' ? [value.re, value.im] : [Number(value)]));
    const finite = numbers.filter(Number.isFinite);
    const most = Math.max(...finite);
    const least = Math.min(...finite);
    expect(found).toMatchObject({
      count: numbers.length,
      zeros: finite.filter((value) => value === 0).length,
      nan: numbers.filter(Number.isNaN).length,
      positiveInfinite: numbers.filter((value) => value === INF).length,
      negativeInfinite: numbers.filter((value) => value === -INF).length,
      exact: bitsOf(dtype) <= 16,
    });
    expect([Number(found.min), Number(found.max)]).toEqual([least + 0, most + 0]);
    expect(found.bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(finite.length);
    const mean = finite.reduce((sum, value) => sum + value / finite.length, 0);
    const scale = Math.max(Math.abs(most), Math.abs(least));
    if (dtype !== 'F64') expect(Math.abs((found.mean ?? NAN) - mean) / scale).toBeLessThan(1e-9);
    expect(found.distinct).toBe(bitsOf(dtype) > 16 ? null : new Set(codesOf(dtype, elements)).size);
    if (found.exact) {
      for (const { from, to, count } of found.bins.slice(0, -1)) {
        const inside = finite.filter((value) => (from === to ? value === from : value >= from && value < to));
        if (from === to || Number.isInteger(from)) expect(Math.abs(inside.length - count)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('puts a known spread into bins', async () => {
    const bytes = new Uint8Array(Float32Array.from({ length: 1000 }, (_, i) => i / 1000).buffer);
    const { files, of } = await open([{ name: 'x', dtype: 'F32', shape: [1000], bytes }]);
    const { bins, min, max, mean } = await histogramTensor(of('x'), files, options());
    expect([min, max, bins.length]).toEqual([0, Math.fround(0.999), 64]);
    expect(mean).toBeCloseTo(0.4995, 6);
    for (const { count } of bins) expect(Math.abs(count - 1000 / 64)).toBeLessThan(8);
  });

  it('keeps 64-bit ends that doubles do not tell apart', async () => {
    const bytes = new Uint8Array(BigInt64Array.of(-9223372036854775807n, 9223372036854775806n).buffer);
    const { files, of } = await open([{ name: 'x', dtype: 'I64', shape: [2], bytes }]);
    expect(await histogramTensor(of('x'), files, options())).toMatchObject({
      min: -9223372036854775807n,
      max: 9223372036854775806n,
    });
  });

  it('reads long tensors in chunks under the budget, tells bytes, and stops between them', async () => {
    const long = new Uint8Array(40e6).fill(1);
    const { files, reads, of } = await open([
      {
        name: 'x',
        dtype: 'F6_E2M3',
        shape: [(40e6 * 8) / 6 - (((40e6 * 8) / 6) % 4)],
        bytes: long.subarray(0, Math.floor(40e6 / 3) * 3),
      },
    ]);
    const budget = createBudget(10e6);
    const told: number[] = [];
    const found = await histogramTensor(of('x'), files, { budget, onProgress: ({ done }) => told.push(done) });
    expect(reads).toHaveLength(5);
    expect(budget.peak).toBeLessThanOrEqual(10e6);
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(found.bytes);
    const stop = new AbortController();
    reads.length = 0;
    const again = createBudget(10e6);
    const stopped = histogramTensor(of('x'), files, {
      budget: again,
      signal: stop.signal,
      onProgress: ({ done }) => done > 0 && stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ tag: 'cancelled' });
    expect(reads.length).toBeLessThan(5);
    (await again.take(10e6))();
  });

  it('says nothing of what has no numbers', async () => {
    const { files, reads, of } = await open([{ name: 'none', dtype: 'BF16', shape: [0] }]);
    expect(await histogramTensor(of('none'), files, options())).toMatchObject({
      count: 0,
      min: null,
      mean: null,
      bins: [],
    });
    expect(reads).toEqual([]);
  });

  it('counts a tensor that transformers wrote', async () => {
    const { files, checkpoint } = await openFixture('qwen3_moe');
    const tensor = checkpoint.tensors.get('model.norm.weight') as CheckpointTensor;
    expect(await histogramTensor(tensor, files, options())).toMatchObject({
      count: 64,
      min: 1,
      max: 1,
      mean: 1,
      rms: 1,
      distinct: 1,
      bins: [{ from: 1, to: 1, count: 64 }],
    });
  });
});

function codesOf(dtype: DType, elements: number): string[] {
  const bits = bitsOf(dtype);
  const bytes = patternBytes('x', (elements * bits) / 8);
  const stream = [...bytes].map((byte) => byte.toString(2).padStart(8, '0').split('').reverse().join('')).join('');
  return Array.from({ length: elements }, (_, at) => stream.slice(at * bits, (at + 1) * bits));
}
