import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fieldAt, wordsOf } from './numbers.ts';

it('reads fields of any width from words that lie next to each other, or apart', () => {
  const fields = fc.integer({ min: 1, max: 8 }).chain((bits) =>
    fc.record({
      bits: fc.constant(bits),
      step: fc.integer({ min: 1, max: 4 }),
      first: fc.integer({ min: 0, max: 3 }),
      values: fc.array(fc.integer({ min: 0, max: 2 ** bits - 1 }), { minLength: 1, maxLength: 70 }),
    }),
  );
  fc.assert(
    fc.property(fields, ({ bits, step, first, values }) => {
      let all = 0n;
      for (const [at, value] of values.entries()) all |= BigInt(value) << BigInt(at * bits);
      const words = new Uint32Array(first + step * Math.ceil((values.length * bits) / 32) + step);
      for (let word = 0; word * 32 < values.length * bits; word += 1)
        words[first + step * word] = Number((all >> BigInt(32 * word)) & 0xffff_ffffn);
      const read = values.map((_, at) => fieldAt(words, first, step, at * bits, bits));
      expect(read).toEqual(values);
    }),
  );
});

it('reads words at any byte', () => {
  const bytes = Uint8Array.of(9, 1, 0, 0, 0, 2, 0, 0, 0x80).subarray(1);
  expect([...wordsOf({ bytes, dtype: 'I32', shape: [2] })]).toEqual([1, 0x8000_0002]);
});
