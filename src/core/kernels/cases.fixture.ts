import type { FloatType } from '../safetensors/dtype.ts';
import { castKernel } from './cast/kernel.ts';
import { dequantiseKernel } from './dequantise/kernel.ts';
import { differenceKernel } from './difference/kernel.ts';
import type { GatherSpec } from './gather/cpu.ts';
import { gatherKernel } from './gather/kernel.ts';
import type { Kernel } from './kernel.ts';
import { statisticsKernel } from './statistics/kernel.ts';
import { transposeKernel } from './transpose/kernel.ts';
import { unpackKernel } from './unpack/kernel.ts';

/** A kernel with inputs, its specification hidden: what every engine must agree on. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly Uint8Array[];
  use<R>(task: <Spec>(kernel: Kernel<Spec>, spec: Spec, inputs: readonly Uint8Array[]) => R): R;
}

/** A case of a kernel. */
export function caseOf<Spec>(kernel: Kernel<Spec>, spec: Spec, inputs: readonly Uint8Array[]): Case {
  const name = `${kernel.name} ${JSON.stringify(spec)}`;
  return { name, inputs, use: (task) => task(kernel, spec, inputs) };
}

/** What the CPU form makes of a case. */
export function cpuOf(each: Case): Uint8Array {
  return each.use((kernel, spec, inputs) => {
    const output = new Uint8Array(kernel.outputBytes(spec));
    kernel.cpu(spec, inputs, output);
    return output;
  });
}

/** Bytes without a pattern, the same in every run, starting `misalign` bytes after a multiple of 8. */
export function noise(length: number, seed = 1, misalign = 0): Uint8Array {
  const bytes = new Uint8Array(length + misalign).subarray(misalign);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** The same bytes, `misalign` bytes after a multiple of 8. */
function moved(bytes: Uint8Array, misalign: number): Uint8Array {
  const copy = new Uint8Array(bytes.length + misalign).subarray(misalign);
  copy.set(bytes);
  return copy;
}

export function bytesOfWords(words: Uint16Array | Uint32Array | Float32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** Every 16-bit code. */
export const allCodes = (): Uint16Array => Uint16Array.from({ length: 65536 }, (_, code) => code);

/** Lower halves that lie on, before and after the ties of every rounding. */
const LOWER = [0, 1, 0x0fff, 0x1000, 0x1001, 0x2000, 0x3000, 0x5000, 0x7fff, 0x8000, 0x8001, 0xf000, 0xffff];

/** f32 bits: every upper half with every telling lower half. Holds every infinity, zero, and NaN of every upper payload. */
export function tellingF32(): Uint32Array {
  const words = new Uint32Array(65536 * LOWER.length);
  let at = 0;
  for (let upper = 0; upper < 65536; upper++) {
    for (const lower of LOWER) words[at++] = ((upper << 16) | lower) >>> 0;
  }
  return words;
}

/** Scales at the edges of f32, and of what a product with an FP8 code can be. */
export const SCALES = [
  ...[0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x00ffffff, 0x13000000, 0x14000000, 0x13ffffff],
  ...[0x3f800000, 0xbf800000, 0x3c23d70a, 0x3f7fffff, 0x3f800001, 0x6b000000, 0x6b7fffff, 0x6b800000],
  ...[0x7b000000, 0x7e812345, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7f800001, 0x7fc00000, 0xffffffff],
  ...[0x02345678, 0x04b0bcde, 0x08f1a2b3, 0x0a123457, 0x82345678],
];

function gatherSpecs(itemBytes: number): GatherSpec[] {
  const one = { itemBytes, bases: [2], select: null };
  const two = { itemBytes, bases: [0, 3] };
  const sizes = [
    [7, 5],
    [64, 96],
    [33, 130],
    [1, 9],
  ] as const;
  return sizes.flatMap(([rows, columns]) => [
    { ...one, shape: [rows, columns], strides: [columns, 1] },
    { ...one, shape: [columns, rows], strides: [1, columns] },
    { ...one, shape: [rows, columns], strides: [2 * columns, 1] },
    { ...one, shape: [rows, columns], strides: [2 * columns, 2] },
    { ...one, shape: [rows, columns], strides: [4 * columns, 2] },
    { ...two, shape: [rows, 2, columns], strides: [columns, 0, 1], select: 1 },
    { ...two, shape: [rows, columns, 2], strides: [columns, 1, 0], select: 2 },
    { ...two, shape: [columns, 2, rows], strides: [1, 0, columns], select: 1 },
    { ...two, shape: [columns, rows, 2], strides: [1, columns, 0], select: 2 },
    { ...two, shape: [2, columns, rows], strides: [0, 1, columns], select: 0 },
    { ...one, shape: [rows, columns, 2], strides: [2 * columns, 1, columns] },
    { ...one, shape: [columns, rows, 6], strides: [1, 8 * columns, columns] },
    { ...one, shape: [3, columns, rows, 2], strides: [rows * columns, 1, columns, 2] },
  ]);
}

/** Turned 16-bit matrices of two inputs whose rows are long enough to be loaded in pairs of words. */
function pairedSpecs(): GatherSpec[] {
  const two = { itemBytes: 2, bases: [0, 4] };
  const columns = 140;
  return [64, 70, 128].flatMap((rows) => [
    { ...two, shape: [columns, 2, rows], strides: [1, 0, columns], select: 1 },
    { ...two, shape: [columns, rows, 2], strides: [1, columns, 0], select: 2 },
    { ...two, shape: [2, columns, rows], strides: [0, 1, columns], select: 0 },
    { ...two, shape: [2, columns, 3, rows], strides: [0, 1, rows * columns, columns], select: 0 },
    { ...two, shape: [3, columns, 2, rows], strides: [2 * rows * columns, 1, rows * columns, columns], select: null },
  ]);
}

function gatherCases(): Case[] {
  return [1, 2, 3, 4, 8, 16].flatMap((itemBytes) =>
    [...gatherSpecs(itemBytes), ...(itemBytes === 2 ? pairedSpecs() : [])].flatMap((spec, at) => {
      // A software device takes seconds to compile each form that turns bytes; one with two inputs represents all. Forms
      // that turn 8 bytes are those of 4 with another type, and two represent all, too.
      const end = itemBytes === 1 ? 26 : itemBytes === 8 ? 39 : 0;
      if (at >= 13 && at < end && at % 13 !== 1 && at % 13 !== 7) return [];
      const reach = spec.shape.reduce((sum, size, dim) => sum + (size - 1) * (spec.strides[dim] ?? 0), 8);
      const inputs = spec.bases.map((_, input) => noise(reach * itemBytes, 17 * at + input, at % 4));
      return caseOf(gatherKernel, spec, inputs);
    }),
  );
}

function transposeCases(): Case[] {
  const sizes = [
    [1, 1, 1],
    [2, 3, 5],
    [1, 64, 64],
    [3, 66, 132],
    [1, 128, 96],
    [2, 31, 257],
    [1, 260, 388],
  ] as const;
  return [1, 2, 4, 8].flatMap((itemBytes) =>
    sizes.map(([batch, rows, columns], at) =>
      caseOf(transposeKernel, { itemBytes, batch, rows, columns }, [
        noise(batch * rows * columns * itemBytes, at + 3, at),
      ]),
    ),
  );
}

function dequantiseCases(): Case[] {
  const shapes = [
    { batch: 1, rows: SCALES.length, columns: 256, blockRows: 1, blockColumns: 256 },
    { batch: 1, rows: SCALES.length, columns: 256, blockRows: 1, blockColumns: 255 },
    { batch: 2, rows: 130, columns: 264, blockRows: 128, blockColumns: 128 },
    { batch: 3, rows: 37, columns: 129, blockRows: 16, blockColumns: 128 },
    { batch: 1, rows: 3, columns: 4104, blockRows: 3, blockColumns: 4104 },
    { batch: 1, rows: 9, columns: 11, blockRows: 9, blockColumns: 11 },
  ];
  const fp8 = (['e4m3', 'e5m2'] as const).flatMap((format) =>
    shapes.map((shape, at) => {
      const { batch, rows, columns, blockRows, blockColumns } = shape;
      const grid = batch * Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns);
      const scales = Uint32Array.from({ length: grid }, (_, i) =>
        at === 1 ? (SCALES[i >> 1] ?? 0) : (SCALES[i % SCALES.length] ?? 0),
      );
      const codes = Uint8Array.from({ length: batch * rows * columns }, (_, i) => (at < 2 ? i : (i * 37) >> 2));
      return caseOf(dequantiseKernel, { format, ...shape }, [
        moved(codes, at % 4),
        moved(bytesOfWords(scales), (at + 1) % 4),
      ]);
    }),
  );
  const groups = 4096;
  const codes = Uint8Array.from({ length: groups * 16 }, (_, i) => i);
  const scales = Uint8Array.from({ length: groups }, (_, i) => i >> 4);
  const tail = caseOf(dequantiseKernel, { format: 'mxfp4', groups: 13 }, [noise(13 * 16, 5, 1), noise(13, 6, 3)]);
  return [...fp8, caseOf(dequantiseKernel, { format: 'mxfp4', groups }, [codes, scales]), tail];
}

/** Gathers of bf16 matrices of `rows` × `columns`, of one input and of two, whole and in part. */
export function unpackGathers(rows: number, columns: number): GatherSpec[] {
  const one = { itemBytes: 2, bases: [columns], select: null };
  const two = { itemBytes: 2, bases: [0, columns] };
  const half = Math.floor(rows / 2);
  return [
    { ...one, shape: [columns, rows], strides: [1, columns] },
    { ...one, shape: [columns - 3, rows - 2], strides: [1, columns], bases: [columns + 3] },
    { ...one, shape: [half, columns], strides: [2 * columns, 1] },
    { ...one, shape: [columns, half, 2], strides: [1, columns, half * columns] },
    { ...two, shape: [rows, 2, columns], strides: [columns, 0, 1], select: 1 },
    { ...two, shape: [columns, 2, rows], strides: [1, 0, columns], select: 1 },
    { ...two, shape: [columns, rows, 2], strides: [1, columns, 0], select: 2 },
  ];
}

function unpackCases(): Case[] {
  const fp8 = { batch: 2, rows: 70, columns: 132, blockRows: 32, blockColumns: 48 } as const;
  const scales = Uint32Array.from({ length: 2 * 3 * 3 }, (_, i) => SCALES[(i * 5) % SCALES.length] ?? 0);
  const codings = [
    ...(['e4m3', 'e5m2'] as const).map((format) => ({ spec: { format, ...fp8 }, rows: 70, columns: 132, scales })),
    { spec: { format: 'mxfp4', groups: 128 } as const, rows: 63, columns: 64, scales: null },
  ];
  return codings.flatMap(({ spec, rows, columns, scales }, at) =>
    unpackGathers(rows, columns).map((gather, form) => {
      const inputs = gather.bases.flatMap((_, input) =>
        scales
          ? [noise(2 * rows * columns, form + input, at + 1), moved(bytesOfWords(scales), form % 4)]
          : [noise(128 * 16, form + input, at + 1), noise(128, form + input, 1)],
      );
      return caseOf(unpackKernel, { packed: gather.bases.map(() => spec), gather }, inputs);
    }),
  );
}

const FLOATS: readonly FloatType[] = ['F32', 'BF16', 'F16'];

function codesOf(dtype: FloatType): { bytes: Uint8Array; count: number } {
  const words = dtype === 'F32' ? tellingF32() : allCodes();
  return { bytes: bytesOfWords(words), count: words.length };
}

function castCases(): Case[] {
  return FLOATS.flatMap((from) =>
    FLOATS.flatMap((to) => {
      const { bytes, count } = codesOf(from);
      const odd = noise(4 * 1027, 9, 2).subarray(0, (from === 'F32' ? 4 : 2) * 1027);
      return [caseOf(castKernel, { from, to, count }, [bytes]), caseOf(castKernel, { from, to, count: 1027 }, [odd])];
    }),
  );
}

/** Numbers as weights are: around 0.02, a few exact zeros. */
export function weights(dtype: FloatType, count: number, seed: number): Uint8Array {
  const random = noise(4 * count, seed);
  const values = Float32Array.from({ length: count }, (_, i) => {
    const at = 4 * i;
    const spread = (random[at] ?? 0) + (random[at + 1] ?? 0) + (random[at + 2] ?? 0) / 256 - 255;
    return random[at + 3] === 7 && random[at + 2] === 0 ? 0 : (spread / 256) * 0.04;
  });
  const input = bytesOfWords(values);
  const output = new Uint8Array(dtype === 'F32' ? 4 * count : 2 * count);
  castKernel.cpu({ from: 'F32', to: dtype, count }, [input], output);
  return output;
}

function statisticsCases(): Case[] {
  return FLOATS.flatMap((dtype) => {
    const { bytes, count } = codesOf(dtype);
    const shapes = [
      { segments: 1, count: 1 },
      { segments: 3, count: 4096 },
      { segments: 2, count: 16389 },
      { segments: 5, count: 77 },
      { segments: 1, count: 100_001 },
    ];
    return [
      caseOf(statisticsKernel, { dtype, segments: 1, count }, [bytes]),
      ...shapes.map((shape, at) =>
        caseOf(statisticsKernel, { dtype, ...shape }, [
          moved(weights(dtype, shape.segments * shape.count, at + 1), at % 4),
        ]),
      ),
    ];
  });
}

function differenceCases(): Case[] {
  return FLOATS.flatMap((dtype) => {
    const { bytes, count } = codesOf(dtype);
    const turned = bytes.slice();
    turned.set(bytes.subarray(bytes.length / 2), 0);
    turned.set(bytes.subarray(0, bytes.length / 2), bytes.length / 2);
    const near = weights(dtype, 50_003, 4);
    const far = near.slice();
    for (let i = 40_000; i < far.length; i += 977) far[i] = (far[i] ?? 0) ^ (1 << (i % 8));
    const noisy = (seed: number) => noise(4 * 20_000, seed, 3).subarray(0, (dtype === 'F32' ? 4 : 2) * 20_000);
    return [
      caseOf(differenceKernel, { dtype, count }, [bytes, turned]),
      caseOf(differenceKernel, { dtype, count: 50_003 }, [near, far]),
      caseOf(differenceKernel, { dtype, count: 50_003 }, [near, near]),
      caseOf(differenceKernel, { dtype, count: 20_000 }, [noisy(1), noisy(2)]),
    ];
  });
}

/** Every kernel over all code points, odd sizes, tails and addresses that are no multiple of 4. */
export const CASES: Readonly<Record<string, () => Case[]>> = {
  gather: gatherCases,
  transpose: transposeCases,
  dequantise: dequantiseCases,
  unpack: unpackCases,
  cast: castCases,
  statistics: statisticsCases,
  difference: differenceCases,
};

/** Index of the first byte that differs, null when none does. */
export function firstDifferent(a: Uint8Array, b: Uint8Array): number | null {
  if (a.byteLength !== b.byteLength) return Math.min(a.byteLength, b.byteLength);
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return i;
  return null;
}
