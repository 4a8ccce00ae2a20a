import { describe, expect, it } from 'vitest';
import type { FloatType } from '../../safetensors/dtype.ts';
import { allCodes, bytesOfWords, noise } from '../cases.fixture.ts';
import { decode } from '../plain.fixture.ts';
import { words16, words32 } from '../word-views.ts';
import { differenceCpu } from './cpu.ts';
import { differenceKernel } from './kernel.ts';
import { summariseDifference } from './summary.ts';

function difference(dtype: FloatType, count: number, a: Uint8Array, b: Uint8Array) {
  const output = new Uint8Array(differenceKernel.outputBytes({ dtype, count }));
  differenceCpu({ dtype, count }, [a, b], output);
  return summariseDifference(output);
}

/** Every number of a format in order, as its place among them. */
function place(dtype: FloatType, code: number): number {
  const top = dtype === 'F32' ? 2 ** 31 : 2 ** 15;
  return code < top ? code : top - code;
}

function plainly(dtype: FloatType, a: readonly number[], b: readonly number[]) {
  const answer = { count: 0, first: null as number | null, maxAbs: 0, maxUlp: 0, nan: 0 };
  for (const [i, code] of a.entries()) {
    const other = b[i] ?? 0;
    if (code === other) continue;
    answer.count++;
    answer.first ??= i;
    const [x, y] = [decode(dtype, code), decode(dtype, other)];
    if (Number.isNaN(x) || Number.isNaN(y)) {
      answer.nan++;
      continue;
    }
    const large = Math.max(Math.abs(x), Math.abs(y)) >= 2 ** 127;
    const kept = (value: number) => (Math.abs(value) < 2 ** -100 ? 0 : value);
    answer.maxAbs = Math.max(
      answer.maxAbs,
      large ? Number.POSITIVE_INFINITY : Math.abs(Math.fround(kept(x) - kept(y))),
    );
    answer.maxUlp = Math.max(answer.maxUlp, Math.abs(place(dtype, code) - place(dtype, other)));
  }
  return answer;
}

const codesOf = (dtype: FloatType, bytes: Uint8Array) => [...(dtype === 'F32' ? words32(bytes) : words16(bytes))];

describe('difference on the CPU', () => {
  it('is none for equal bytes, NaN included', () => {
    const codes = bytesOfWords(allCodes());
    expect(difference('BF16', 65536, codes, codes)).toEqual({ count: 0, first: null, maxAbs: 0, maxUlp: 0, nan: 0 });
  });

  it.each(['F32', 'BF16', 'F16'] as const)('is its definition over %s of every kind, at any address', (dtype) => {
    const count = 40_001;
    const size = dtype === 'F32' ? 4 : 2;
    for (const mask of [0xff, 0x0f]) {
      const a = noise(count * size, 5, 1);
      const b = noise(count * size, 6, 3).map((byte, i) =>
        i < 33_000 * size ? (a[i] ?? 0) : (a[i] ?? 0) ^ (byte & mask),
      );
      expect(difference(dtype, count, a, b)).toEqual(plainly(dtype, codesOf(dtype, a), codesOf(dtype, b)));
    }
  });

  it.each(['BF16', 'F16'] as const)('knows the neighbours of every %s', (dtype) => {
    const codes = allCodes();
    const next = codes.map((code) => (code + 1) & 0xffff);
    const sizes = { count: 65536, first: 0 };
    expect(difference(dtype, 65536, bytesOfWords(codes), bytesOfWords(next))).toMatchObject(sizes);
    const finite = codes.filter(
      (code) => Number.isFinite(decode(dtype, code)) && Number.isFinite(decode(dtype, code + 1)),
    );
    const after = finite.map((code) => code + 1);
    const inside = finite.filter((code) => code !== 0x7fff);
    expect(inside.length).toBe(finite.length);
    expect(difference(dtype, finite.length, bytesOfWords(finite), bytesOfWords(after))).toMatchObject({
      maxUlp: 1,
      nan: 0,
    });
  });
});
