import { describe, expect, it } from 'vitest';
import type { FloatType } from '../../safetensors/dtype.ts';
import { allCodes, bytesOfWords, tellingF32 } from '../cases.fixture.ts';
import { decode, encode } from '../plain.fixture.ts';
import { words16, words32 } from '../word-views.ts';
import { castCpu } from './cpu.ts';

function cast(from: FloatType, to: FloatType, words: Uint16Array | Uint32Array) {
  const output = new Uint8Array(words.length * (to === 'F32' ? 4 : 2));
  castCpu({ from, to, count: words.length }, [bytesOfWords(words)], output);
  return to === 'F32' ? words32(output) : words16(output);
}

const inputsOf = (dtype: FloatType) => (dtype === 'F32' ? tellingF32() : allCodes());
const FLOATS = ['F32', 'BF16', 'F16'] as const;
const PAIRS = FLOATS.flatMap((from) => FLOATS.filter((to) => to !== from).map((to) => [from, to] as const));

describe('cast on the CPU', () => {
  it.each(PAIRS)('rounds every %s to the nearest %s, ties to even', (from, to) => {
    const input = inputsOf(from);
    const output = cast(from, to, input);
    const wrong: string[] = [];
    for (const [i, code] of input.entries()) {
      const value = decode(from, code);
      if (Number.isNaN(value)) continue;
      if (output[i] !== encode(to, value)) wrong.push(`${code.toString(16)} → ${output[i]?.toString(16)}`);
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it.each(PAIRS)('keeps every NaN of %s one in %s, with its sign and the payload that fits', (from, to) => {
    const input = inputsOf(from);
    const output = cast(from, to, input);
    const fraction = { F32: 23, BF16: 7, F16: 10 };
    const wrong: string[] = [];
    for (const [i, code] of input.entries()) {
      if (!Number.isNaN(decode(from, code))) continue;
      const given = output[i] ?? 0;
      const kept = Math.min(fraction[from], fraction[to]);
      const quiet = 2 ** (kept - 1);
      const top = (of: FloatType, bits: number) => Math.floor((bits % 2 ** fraction[of]) / 2 ** (fraction[of] - kept));
      const [before, after] = [top(from, code), top(to, given)];
      const sign = (of: FloatType, bits: number) => bits >= (of === 'F32' ? 2 ** 31 : 2 ** 15);
      const expected = to === 'F32' || before >= quiet ? before : before + quiet;
      const same = Number.isNaN(decode(to, given)) && sign(from, code) === sign(to, given) && after === expected;
      if (!same) wrong.push(`${code.toString(16)} → ${given.toString(16)}`);
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it('gives what it was given back over a wider format, and copies equal formats', () => {
    const codes = allCodes();
    const there = (dtype: FloatType) => cast('F32', dtype, cast(dtype, 'F32', codes) as Uint32Array);
    for (const dtype of ['BF16', 'F16'] as const) {
      const back = there(dtype);
      expect([...codes].filter((code) => !Number.isNaN(decode(dtype, code)) && back[code] !== code)).toEqual([]);
      expect(cast(dtype, dtype, codes)).toEqual(codes);
    }
  });
});
