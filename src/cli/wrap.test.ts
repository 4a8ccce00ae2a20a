import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrapped } from './wrap.ts';

describe('wrapped', () => {
  it('breaks prose at spaces and indents what follows', () => {
    const line =
      '! model-00002-of-00002.safetensors is missing. Download it again, then repeat the check. [shard-missing]';
    expect(wrapped(line, 60)).toEqual([
      '! model-00002-of-00002.safetensors is missing. Download it',
      '  again, then repeat the check. [shard-missing]',
    ]);
    const labelled = `Verdict      ${'a word '.repeat(12).trim()}`;
    expect(wrapped(labelled, 50)[1]).toMatch(/^ {13}\S/);
  });

  it('leaves columns, long words, narrow and unknown terminals alone', () => {
    const columns = 'router  BF16  [12, 64]  1.5 kB  model.layers.0.mlp.gate.weight  model-00001-of-00003.safetensors';
    expect(wrapped(columns, 60)).toEqual([columns]);
    const word = `https://example.org/${'x'.repeat(80)}`;
    expect(wrapped(word, 60)).toEqual([word]);
    const prose = 'word '.repeat(40).trim();
    for (const width of [null, 10, 400]) expect(wrapped(prose, width)).toEqual([prose]);
  });

  it('loses and adds no word, and fits what can fit', () => {
    const words = fc.array(fc.stringMatching(/^[!-~é…]{1,30}$/u), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, fc.integer({ min: 40, max: 120 }), fc.nat(6), (given, width, indent) => {
        const lines = wrapped(`${' '.repeat(indent)}${given.join(' ')}`, width);
        expect(
          lines
            .join(' ')
            .split(/ +/)
            .filter((word) => word !== ''),
        ).toEqual(given);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      }),
    );
  });
});
