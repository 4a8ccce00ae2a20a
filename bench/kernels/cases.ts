import { type Case, caseOf, noise, weights } from '../../src/core/kernels/cases.fixture.ts';
import { castKernel } from '../../src/core/kernels/cast/kernel.ts';
import { dequantiseKernel } from '../../src/core/kernels/dequantise/kernel.ts';
import { differenceKernel } from '../../src/core/kernels/difference/kernel.ts';
import { floatBytes } from '../../src/core/kernels/float.ts';
import type { GatherSpec } from '../../src/core/kernels/gather/cpu.ts';
import { gatherKernel } from '../../src/core/kernels/gather/kernel.ts';
import { statisticsKernel } from '../../src/core/kernels/statistics/kernel.ts';
import { transposeKernel } from '../../src/core/kernels/transpose/kernel.ts';
import type { FloatType } from '../../src/core/safetensors/dtype.ts';
import { MIB } from '../../src/core/units.ts';

export interface Measured {
  readonly name: string;
  /** Made when it is measured: together they would fill a small machine's memory. */
  readonly kernelCase: () => Case;
  /** Bytes that it must read and write. */
  readonly bytes: number;
}

/** Expert matrices of common models: 1536 or 2048 columns of bf16 (2048 and 4096 of FP8). */
const COLUMNS = 2048;

/** Every kernel with no more than `most` bytes a buffer. */
export function benchCases(most: number): Measured[] {
  return [...gathers(most), ...transposes(most), ...dequantisations(most), ...numbers(most)];
}

function gathers(most: number): Measured[] {
  const rows = most / 2 / COLUMNS;
  const half = rows / 2;
  const one = { itemBytes: 2, bases: [0], select: null };
  const two = { itemBytes: 2, bases: [0, 0] };
  const specs: readonly (readonly [string, GatherSpec])[] = [
    ['gather interleave rows', { ...two, shape: [half, 2, COLUMNS], strides: [COLUMNS, 0, 1], select: 1 }],
    ['gather concatenate rows', { ...two, shape: [2, half, COLUMNS], strides: [0, COLUMNS, 1], select: 0 }],
    ['gather every other row', { ...one, shape: [half, COLUMNS], strides: [2 * COLUMNS, 1] }],
    ['gather interleave columns', { ...two, shape: [half, COLUMNS, 2], strides: [COLUMNS, 1, 0], select: 2 }],
    ['gather every other column', { ...one, shape: [half, COLUMNS], strides: [2 * COLUMNS, 2] }],
    ['gather concatenate transposed', { ...two, shape: [COLUMNS, 2, half], strides: [1, 0, COLUMNS], select: 1 }],
    ['gather interleave transposed', { ...two, shape: [COLUMNS, half, 2], strides: [1, COLUMNS, 0], select: 2 }],
  ];
  return specs.map(([name, spec]) => {
    const reach = spec.shape.reduce((sum, size, dim) => sum + (size - 1) * (spec.strides[dim] ?? 0), 1);
    const inputs = () => spec.bases.map((_, input) => noise(2 * reach, input + 1));
    // Memory moves in runs of 32 bytes: every other column reads them all.
    const touched = name === 'gather every other column' ? 2 : 1;
    const bytes = (1 + touched) * gatherKernel.outputBytes(spec);
    return { name, kernelCase: () => caseOf(gatherKernel, spec, inputs()), bytes };
  });
}

function transposes(most: number): Measured[] {
  return [2, 1].map((itemBytes) => {
    const columns = (COLUMNS * 2) / itemBytes;
    const rows = Math.min(1536, most / itemBytes / columns);
    const batch = Math.floor(most / itemBytes / columns / rows);
    const spec = { itemBytes, batch, rows, columns };
    const bytes = transposeKernel.outputBytes(spec);
    return {
      name: `transpose ${8 * itemBytes}-bit`,
      kernelCase: () => caseOf(transposeKernel, spec, [noise(bytes)]),
      bytes: 2 * bytes,
    };
  });
}

function dequantisations(most: number): Measured[] {
  const rows = most / 2 / COLUMNS;
  const codes = () => noise(rows * COLUMNS, 3);
  const blocks = (rows / 128) * (COLUMNS / 128);
  const scales = new Uint8Array(Float32Array.from({ length: blocks }, (_, i) => 0.0003 * (1 + (i % 97))).buffer);
  const fp8 = (['e4m3', 'e5m2'] as const).map((format) => {
    const spec = { format, batch: 1, rows, columns: COLUMNS, blockRows: 128, blockColumns: 128 };
    const kernelCase = () => caseOf(dequantiseKernel, spec, [codes(), scales]);
    return { name: `dequantise FP8 ${format}`, kernelCase, bytes: 3 * rows * COLUMNS + scales.length };
  });
  const groups = most / 64;
  const exponents = () => noise(groups, 5).map((byte) => 110 + (byte & 15));
  const kernelCase = () => caseOf(dequantiseKernel, { format: 'mxfp4', groups }, [noise(16 * groups, 4), exponents()]);
  return [...fp8, { name: 'dequantise MXFP4', kernelCase, bytes: 81 * groups }];
}

/** Numbers as weights are, the first million again and again. */
function manyWeights(dtype: FloatType, count: number, seed: number): Uint8Array {
  const some = weights(dtype, Math.min(count, MIB), seed);
  const all = new Uint8Array(count * floatBytes(dtype));
  for (let at = 0; at < all.length; at += some.length) all.set(some.subarray(0, all.length - at), at);
  return all;
}

/** A bit in every 8191 bytes turned over. */
function withFlips(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i += 8191) bytes[i] = (bytes[i] ?? 0) ^ 1;
  return bytes;
}

function numbers(most: number): Measured[] {
  const pairs = [
    ['F32', 'BF16'],
    ['BF16', 'F32'],
    ['F32', 'F16'],
    ['F16', 'F32'],
    ['BF16', 'F16'],
    ['F16', 'BF16'],
  ] as const;
  const size = (dtype: string) => (dtype === 'F32' ? 4 : 2);
  const casts = pairs.map(([from, to]) => {
    const count = most / Math.max(size(from), size(to));
    const kernelCase = () => caseOf(castKernel, { from, to, count }, [manyWeights(from, count, 2)]);
    return { name: `cast ${from} to ${to}`, kernelCase, bytes: count * (size(from) + size(to)) };
  });
  const rest = (['BF16', 'F16', 'F32'] as const).flatMap((dtype) => {
    const count = most / size(dtype);
    const input = () => manyWeights(dtype, count, 3);
    const segments = { dtype, segments: 16, count: count / 16 };
    const two = () => caseOf(differenceKernel, { dtype, count }, [input(), withFlips(input())]);
    return [
      { name: `statistics ${dtype}`, kernelCase: () => caseOf(statisticsKernel, segments, [input()]), bytes: most },
      { name: `difference ${dtype}`, kernelCase: two, bytes: 2 * most },
    ];
  });
  return [...casts, ...rest];
}
