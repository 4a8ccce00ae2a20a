import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstDifferent, noise, unpackGathers } from '../cases.fixture.ts';
import { type DequantiseSpec, numbersOf } from '../dequantise/cpu.ts';
import { dequantiseKernel } from '../dequantise/kernel.ts';
import type { GatherSpec } from '../gather/cpu.ts';
import { gatherKernel } from '../gather/kernel.ts';
import { unpackKernel } from './kernel.ts';

/** Codes of a spec with scales that are plain numbers, and the numbers that they represent. */
function made(spec: DequantiseSpec, seed: number, odd: number) {
  const codes = noise(spec.format === 'mxfp4' ? spec.groups * 16 : numbersOf(spec), seed, odd);
  const inputs = [codes, scalesOf(spec, seed)];
  const numbers = new Uint8Array(dequantiseKernel.outputBytes(spec));
  dequantiseKernel.cpu(spec, inputs, numbers);
  return { inputs, numbers };
}

function scalesOf(spec: DequantiseSpec, seed: number): Uint8Array {
  if (spec.format === 'mxfp4') return noise(spec.groups, seed + 1);
  const { batch, rows, columns, blockRows, blockColumns } = spec;
  const blocks = batch * Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns);
  return new Uint8Array(Float32Array.from({ length: blocks }, (_, i) => 0.003 * (i + seed + 1)).buffer);
}

/** Dequantised as a whole and then gathered, by the definitions. */
function check(spec: DequantiseSpec, rows: number, columns: number, forms: readonly number[], odd: number): void {
  const gathers = unpackGathers(rows, columns);
  for (const form of forms) {
    const gather = gathers[form % gathers.length];
    if (gather) checkGather(spec, gather, form, odd);
  }
}

function checkGather(spec: DequantiseSpec, gather: GatherSpec, form: number, odd: number): void {
  const all = gather.bases.map((_, input) => made(spec, 10 * form + input, odd));
  const expected = new Uint8Array(gatherKernel.outputBytes(gather));
  gatherKernel.cpu(
    gather,
    all.map(({ numbers }) => numbers),
    expected,
  );
  const output = new Uint8Array(expected.length + odd).subarray(odd);
  const inputs = all.flatMap((each) => each.inputs);
  unpackKernel.cpu({ packed: all.map(() => spec), gather }, inputs, output);
  expect({ form, differs: firstDifferent(output, expected) }).toEqual({ form, differs: null });
}

describe('unpacking on the CPU', () => {
  it('is dequantising and gathering, for every form, size and address', () => {
    const side = fc.integer({ min: 4, max: 40 });
    fc.assert(
      fc.property(side, side, side, side, fc.nat(6), fc.nat(3), (rows, columns, blockRows, blockColumns, form, odd) => {
        check({ format: 'e4m3', batch: 2, rows, columns, blockRows, blockColumns }, rows, columns, [form], odd);
        const groups = Math.ceil(((rows + 1) * columns) / 32);
        check({ format: 'mxfp4', groups }, rows, columns, [form], odd);
      }),
      { numRuns: 150 },
    );
  });

  it('is that where FP8 rows are turned as they are made, up to every edge', () => {
    const sizes = [
      [64, 48, 32, 16],
      [300, 4100, 128, 128],
      [132, 2052, 128, 4096],
      [256, 64, 64, 63],
    ] as const;
    for (const [rows, columns, blockRows, blockColumns] of sizes) {
      const spec = { format: 'e4m3', batch: 3, rows, columns, blockRows, blockColumns } as const;
      for (const odd of [0, 1, 2]) check(spec, rows, columns, [0, 1, 5], odd);
      const turned = { itemBytes: 2, shape: [columns - 8, rows], strides: [1, columns], bases: [rows * columns + 4] };
      checkGather(spec, { ...turned, select: null }, 0, 2);
    }
  });

  it('is that where there is more than a strip', () => {
    const fp8 = { format: 'e5m2', batch: 2, rows: 300, columns: 2050, blockRows: 128, blockColumns: 128 } as const;
    expect(numbersOf(fp8)).toBeGreaterThan(2 * 524_288);
    check(fp8, 300, 2050, [0, 1, 4, 5], 0);
    check({ format: 'mxfp4', groups: 40_000 }, 600, 2048, [0, 3, 5], 0);
  });
});
