import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GatherSpec, gatherCpu } from './cpu.ts';

/** The definition, one element at a time. */
function gatherPlainly(spec: GatherSpec, inputs: readonly Uint8Array[]): Uint8Array {
  const { shape, strides, bases, select, itemBytes } = spec;
  const count = shape.reduce((product, size) => product * size, 1);
  const output = new Uint8Array(count * itemBytes);
  for (let flat = 0; flat < count; flat++) {
    let rest = flat;
    const index = shape.map(() => 0);
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      index[dim] = rest % (shape[dim] ?? 1);
      rest = Math.floor(rest / (shape[dim] ?? 1));
    }
    const input = select === null ? 0 : (index[select] ?? 0);
    let at = bases[input] ?? 0;
    for (const [dim, position] of index.entries()) if (dim !== select) at += position * (strides[dim] ?? 0);
    for (let byte = 0; byte < itemBytes; byte++)
      output[flat * itemBytes + byte] = inputs[input]?.[at * itemBytes + byte] ?? 0;
  }
  return output;
}

const spec = fc
  .record({
    itemBytes: fc.constantFrom(1, 2, 3, 4, 8),
    rows: fc.integer({ min: 1, max: 70 }),
    columns: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(32, 36, 64, 66)),
    form: fc.constantFrom(
      'copy',
      'transpose',
      'every other row',
      'every other column',
      'interleave rows',
      'interleave columns',
      'concatenate transposed',
      'transpose halves',
      'transpose pairs',
      'interleave transposed',
    ),
    base: fc.nat(3),
  })
  .map(({ itemBytes, rows, columns, form, base }): GatherSpec => {
    const one = { itemBytes, bases: [base], select: null };
    const two = { itemBytes, bases: [base, base + 1] };
    switch (form) {
      case 'copy':
        return { ...one, shape: [rows, columns], strides: [columns, 1] };
      case 'transpose':
        return { ...one, shape: [columns, rows], strides: [1, columns] };
      case 'every other row':
        return { ...one, shape: [rows, columns], strides: [2 * columns, 1] };
      case 'every other column':
        return { ...one, shape: [rows, columns], strides: [2 * columns, 2] };
      case 'interleave rows':
        return { ...two, shape: [rows, 2, columns], strides: [columns, 0, 1], select: 1 };
      case 'interleave columns':
        return { ...two, shape: [rows, columns, 2], strides: [columns, 1, 0], select: 2 };
      case 'transpose halves':
        return { ...one, shape: [columns, 2, rows], strides: [1, rows * columns, columns] };
      case 'interleave transposed':
        return {
          ...two,
          bases: [base, base + (base % 2)],
          shape: [columns, rows, 2],
          strides: [1, columns, 0],
          select: 2,
        };
      case 'transpose pairs':
        return { ...one, shape: [columns, rows, 2], strides: [1, 2 * columns, columns] };
      default:
        return { ...two, shape: [columns, 2, rows], strides: [1, 0, columns], select: 1 };
    }
  });

/** Bytes that differ everywhere. */
function filled(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 101 + (i >> 8)) & 255;
  return bytes;
}

describe('gather on the CPU', () => {
  it('turns planes longer than what is turned at once', () => {
    for (const [rows, columns] of [
      [520, 68],
      [515, 70],
      [258, 36],
    ] as const) {
      const given: GatherSpec = {
        itemBytes: 2,
        shape: [2, columns, rows],
        strides: [rows * columns, 1, columns],
        bases: [2],
        select: null,
      };
      const input = filled(4 * rows * columns + 8, 0);
      const expected = gatherPlainly(given, [input]);
      const output = new Uint8Array(expected.byteLength + 2).subarray(2);
      gatherCpu(given, [input], output);
      expect(Buffer.compare(output, expected)).toBe(0);
      const pair: GatherSpec = {
        itemBytes: 2,
        shape: [columns, rows, 2],
        strides: [1, columns, 0],
        bases: [2, 4],
        select: 2,
      };
      const inputs = [input, filled(4 * rows * columns + 8, 1)];
      const zipped = new Uint8Array(expected.byteLength + 2).subarray(2);
      gatherCpu(pair, inputs, zipped);
      expect(Buffer.compare(zipped, gatherPlainly(pair, inputs))).toBe(0);
    }
  });

  it('is its definition, for every form, size, base and alignment', () => {
    fc.assert(
      fc.property(spec, fc.nat(7), (given, misalign) => {
        const elements = (2 * given.shape.reduce((product, size) => product * size, 1) + 8) * 4;
        const inputs = [0, 1].map((seed) => filled(misalign + elements * given.itemBytes, seed).subarray(misalign));
        const expected = gatherPlainly(given, inputs);
        const output = new Uint8Array(misalign + expected.byteLength).subarray(misalign);
        gatherCpu(given, inputs, output);
        expect(Buffer.compare(output, expected)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
