import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutputShard } from '../plan/types.ts';
import { parsePart, partsOfPlan, shardsOfList } from './parts-of.ts';

function shardsOf(sizes: readonly number[]): { readonly shards: readonly OutputShard[] } {
  const header = new Uint8Array(8);
  return { shards: sizes.map((byteLength, at) => ({ file: `shard-${at + 1}`, byteLength, header, tensors: [] })) };
}

const bytesOf = (shards: readonly OutputShard[]) => shards.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** The smallest largest run of neighbours, by trying every cut. */
function best(sizes: readonly number[], count: number): number {
  if (count === 1) return sizes.reduce((sum, size) => sum + size, 0);
  let found = Number.POSITIVE_INFINITY;
  for (let first = 0; first <= sizes.length; first++) {
    const head = sizes.slice(0, first).reduce((sum, size) => sum + size, 0);
    if (head < found) found = Math.min(found, Math.max(head, best(sizes.slice(first), count - 1)));
  }
  return found;
}

describe('parts of a plan', () => {
  it('have every shard in exactly one part, in order, whatever the sizes and the number', () => {
    const sizes = fc.array(fc.integer({ min: 8, max: 5_000_000_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 400 }), (all, count) => {
        const plan = shardsOf(all);
        const parts = partsOfPlan(plan, count);
        expect(parts.length).toBe(count);
        expect(parts.flat()).toEqual(plan.shards);
        expect(partsOfPlan(shardsOf(all), count).map((part) => part.length)).toEqual(parts.map((part) => part.length));
      }),
    );
  });

  it('have a largest part as small as runs of neighbours allow', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5 }), (all, count) => {
        const parts = partsOfPlan(shardsOf(all), count);
        expect(Math.max(...parts.map(bytesOf))).toBe(best(all, count));
      }),
    );
  });

  it('are of the same size where shards are, and none is empty while there are shards enough', () => {
    expect(partsOfPlan(shardsOf(new Array(96).fill(5e9)), 16).map((part) => part.length)).toEqual(
      new Array(16).fill(6),
    );
    expect(partsOfPlan(shardsOf(new Array(10).fill(5e9)), 4).map((part) => part.length)).toEqual([3, 2, 3, 2]);
    expect(partsOfPlan(shardsOf(new Array(1000).fill(2e9)), 10_000).filter((part) => part.length > 0).length).toBe(
      1000,
    );
  });

  it('are named from 1, and shards by the numbers in their names', () => {
    expect(parsePart('3/16')).toEqual({ part: 3, of: 16 });
    expect(parsePart('0+1/16')).toEqual({ part: 1, of: 16 });
    expect(parsePart('15+1/16')).toEqual({ part: 16, of: 16 });
    for (const text of [
      '0/16',
      '16+1/16',
      '3+2/16',
      '+1/16',
      '17/16',
      '3',
      '3/',
      '-1/2',
      '1/0',
      '1e1/20',
      '3/16/2',
      '1/999999',
    ])
      expect(() => parsePart(text), text).toThrow(/counted from 1/);
    const plan = shardsOf(new Array(40).fill(1));
    expect(shardsOfList(plan, '12-14, 3,13').map(({ file }) => file)).toEqual(
      [3, 12, 13, 14].map((number) => `shard-${number}`),
    );
    for (const text of ['0', '41', '5-3', '', 'a', '1-41'])
      expect(() => shardsOfList(plan, text), text).toThrow(/1 to 40/);
  });
});
