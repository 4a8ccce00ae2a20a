import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfWords, noise, SCALES } from '../cases.fixture.ts';
import { bf16Product, decode, dequantisePlainly, encode } from '../plain.fixture.ts';
import { words16 } from '../word-views.ts';
import {
  type DequantiseSpec,
  dequantiseCpu,
  dequantiseRange,
  type Fp8Spec,
  granuleOf,
  MX_GROUP,
  numbersOf,
} from './cpu.ts';
import { dequantiseKernel } from './kernel.ts';

function dequantise(spec: DequantiseSpec, codes: Uint8Array, scales: Uint8Array): Uint16Array {
  const output = new Uint8Array(dequantiseKernel.outputBytes(spec));
  dequantiseCpu(spec, [codes, scales], output);
  return words16(output);
}

/** An FP8 code by the tables of OFP8 (e4m3: no infinity, one NaN a sign; e5m2: as IEEE 754). */
function fp8(format: 'e4m3' | 'e5m2', code: number): number {
  const sign = code >= 128 ? -1 : 1;
  const size = code % 128;
  if (format === 'e5m2') {
    const half = decode('F16', size * 256);
    return sign * half;
  }
  if (size === 127) return Number.NaN;
  const exponent = Math.floor(size / 8);
  return sign * (exponent === 0 ? (size % 8) / 512 : (1 + (size % 8) / 8) * 2 ** (exponent - 7));
}

describe('dequantise on the CPU', () => {
  it.each(['e4m3', 'e5m2'] as const)(
    'multiplies every %s code by every kind of scale, rounding twice to even',
    (format) => {
      const scales = Uint32Array.from(SCALES);
      const spec: Fp8Spec = { format, batch: 1, rows: scales.length, columns: 256, blockRows: 1, blockColumns: 256 };
      const codes = Uint8Array.from({ length: 256 * scales.length }, (_, i) => i);
      const given = dequantise(spec, codes, bytesOfWords(scales));
      const wrong = [...given.entries()].filter(
        ([i, bits]) => bits !== bf16Product(fp8(format, i % 256), decode('F32', scales[i >> 8] ?? 0)),
      );
      expect(wrong.slice(0, 5)).toEqual([]);
    },
  );

  it('finds the block of every element, at the edges and in every matrix of a batch, at any address', () => {
    const spec: Fp8Spec = { format: 'e4m3', batch: 3, rows: 131, columns: 257, blockRows: 128, blockColumns: 128 };
    const codes = noise(3 * 131 * 257, 2, 1);
    const scales = Float32Array.from({ length: 3 * 2 * 3 }, (_, i) => 0.01 * (i + 1));
    const odd = new Uint8Array(4 * scales.length + 1).subarray(1);
    odd.set(bytesOfWords(scales));
    const given = dequantise(spec, codes, odd);
    const wrong: number[] = [];
    for (let i = 0; i < given.length; i++) {
      const [column, row, matrix] = [i % 257, Math.floor(i / 257) % 131, Math.floor(i / 257 / 131)];
      const scale = scales[matrix * 6 + Math.floor(row / 128) * 3 + Math.floor(column / 128)] ?? 0;
      if (given[i] !== bf16Product(fp8('e4m3', codes[i] ?? 0), scale)) wrong.push(i);
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it('gives every MXFP4 code under every scale exactly, lower halves first', () => {
    const groups = 4096;
    const codes = Uint8Array.from({ length: 16 * groups }, (_, i) => i);
    const scales = Uint8Array.from({ length: groups }, (_, i) => i >> 4);
    const given = dequantise({ format: 'mxfp4', groups }, codes, scales);
    const values = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];
    const wrong: number[] = [];
    for (let i = 0; i < given.length; i++) {
      const byte = codes[i >> 1] ?? 0;
      const value = values[i % 2 === 0 ? byte % 16 : byte >> 4] ?? 0;
      const scale = scales[i >> 5] ?? 0;
      if (given[i] !== (scale === 255 ? 0x7fc0 : encode('BF16', value * 2 ** (scale - 127)))) wrong.push(i);
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  const side = fc.integer({ min: 1, max: 40 });
  const spec: fc.Arbitrary<DequantiseSpec> = fc.oneof(
    fc.record({
      format: fc.constantFrom('e4m3' as const, 'e5m2' as const),
      batch: fc.integer({ min: 1, max: 3 }),
      rows: side,
      columns: side,
      blockRows: side,
      blockColumns: side,
    }),
    fc.record({ format: fc.constant('mxfp4' as const), groups: side }),
  );

  it('is its definition, for every form, size and address, also of a range alone', () => {
    fc.assert(
      fc.property(spec, fc.nat(5), fc.nat(5), fc.nat(1000), (given, odd, wide, cut) => {
        const { codes, scales, expected } = casesOf(given, odd);
        const whole = new Uint8Array(2 * expected.length + wide).subarray(wide);
        dequantiseCpu(given, [codes, scales], whole);
        expect(words16(whole)).toEqual(expected);
        const granule = granuleOf(given);
        const granules = numbersOf(given) / granule;
        const first = (cut % granules) * granule;
        const end = Math.min(granules, (cut % granules) + 1 + (cut % 7)) * granule;
        const part = new Uint8Array(2 * (end - first) + wide).subarray(wide);
        dequantiseRange(given, [codes, scales], { first, end }, part);
        expect(words16(part)).toEqual(expected.subarray(first, end));
      }),
      { numRuns: 300 },
    );
  });

  it.each<DequantiseSpec>([
    { format: 'e4m3', batch: 1, rows: 3, columns: 300_001, blockRows: 2, blockColumns: 128 },
    { format: 'e5m2', batch: 2, rows: 70, columns: 4098, blockRows: 128, blockColumns: 4098 },
    { format: 'mxfp4', groups: 20_000 },
  ])('is its definition where there is more than is looked up at once: %j', (given) => {
    const { codes, scales, expected } = casesOf(given, 1);
    const output = new Uint8Array(2 * expected.length);
    dequantiseCpu(given, [codes, scales], output);
    expect(Buffer.compare(output, new Uint8Array(expected.buffer))).toBe(0);
  });
});

/** Codes and scales of every kind for a spec, `odd` bytes into their buffers, and what has to be made of them. */
function casesOf(spec: DequantiseSpec, odd: number) {
  const moved = (bytes: Uint8Array) => {
    const copy = new Uint8Array(bytes.length + odd).subarray(odd);
    copy.set(bytes);
    return copy;
  };
  if (spec.format === 'mxfp4') {
    const [codes, scales] = [noise((spec.groups * MX_GROUP) / 2), noise(spec.groups, 5)];
    return { codes: moved(codes), scales: moved(scales), expected: dequantisePlainly(spec, codes, scales) };
  }
  const { batch, rows, columns, blockRows, blockColumns } = spec;
  const blocks = batch * Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns);
  const words = Uint32Array.from({ length: blocks }, (_, i) => SCALES[(i * 7) % SCALES.length] ?? 0);
  const codes = noise(batch * rows * columns);
  return { codes: moved(codes), scales: moved(bytesOfWords(words)), expected: dequantisePlainly(spec, codes, words) };
}
