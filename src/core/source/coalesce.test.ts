import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coalesce, type Piece, readPieces } from './coalesce.ts';
import { memorySource } from './memory.ts';
import type { ByteRange } from './types.ts';

const pieces = fc
  .array(fc.record({ start: fc.nat(500), length: fc.integer({ min: 1, max: 60 }) }), { maxLength: 20 })
  .map((list) => {
    let at = 0;
    return list.map(({ start, length }): Piece => {
      const piece = { start, end: start + length, at };
      at += length;
      return piece;
    });
  });

describe('coalescing', () => {
  it('joins neighbours within the gap, never past the run cap', () => {
    const runs = coalesce(
      [
        { start: 100, end: 110, at: 0 },
        { start: 0, end: 10, at: 10 },
        { start: 12, end: 20, at: 20 },
        { start: 20, end: 50, at: 30 },
      ],
      { gap: 5, run: 25 },
    );
    expect(runs.map(({ start, end }) => [start, end])).toEqual([
      [0, 20],
      [20, 50],
      [100, 110],
    ]);
  });

  it('gives every piece its bytes, with as few reads as there are runs', async () => {
    const data = Uint8Array.from({ length: 600 }, (_, i) => (i * 7) & 255);
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(40), fc.integer({ min: 1, max: 300 }), async (list, gap, run) => {
        const reads: ByteRange[] = [];
        const inner = memorySource(data, 'data');
        const source = {
          ...inner,
          read: (range: ByteRange, options?: object) => {
            reads.push(range);
            return inner.read(range, options);
          },
        };
        const total = list.reduce((sum, piece) => sum + piece.end - piece.start, 0);
        const target = new Uint8Array(total);
        await readPieces(source, list, target, { gap, run });
        for (const piece of list)
          expect([...target.subarray(piece.at, piece.at + piece.end - piece.start)]).toEqual([
            ...data.subarray(piece.start, piece.end),
          ]);
        expect(reads).toHaveLength(coalesce(list, { gap, run }).length);
        for (const { start, end } of reads)
          expect(end - start <= run || list.some((piece) => piece.start === start && piece.end === end)).toBe(true);
      }),
    );
  });
});
