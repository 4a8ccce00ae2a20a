import { describe, expect, it } from 'vitest';
import type { ConversionPlan, OutputShard, OutputTensor, Part } from '../plan/types.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { memorySource } from '../source/memory.ts';
import type { FileSet } from '../source/types.ts';
import type { FinishedShard } from './journal.ts';
import { createSourceCheck } from './source-check.ts';
import { readsOf, usesOf } from './source-order.ts';

const at = (byte: number) => byte as FileOffset;
const copyOf = (file: string, start: number): Part => ({
  kind: 'copy',
  span: { file, start: at(start), end: at(start + 8) },
});

/** A plan of one tensor of two parts a shard: shard N uses source files N and N + 1. `looked` counts reads of `parts`. */
function countedPlan(count: number) {
  const counter = { looked: 0 };
  const shards = Array.from({ length: count }, (_, number): OutputShard => {
    const parts = [copyOf(`in-${number}`, 0), copyOf(`in-${(number + 1) % count}`, 8)];
    const tensor = {
      name: 't',
      dtype: 'U8',
      shape: [16],
      byteLength: 16,
      start: at(100),
      operations: [],
      expert: true,
    };
    const counted = Object.defineProperty({ ...tensor }, 'parts', {
      get: () => {
        counter.looked++;
        return parts;
      },
    });
    return {
      ...{ file: `out-${number}`, byteLength: 116, header: new Uint8Array(100) },
      tensors: [counted as typeof tensor & Pick<OutputTensor, 'parts'> as OutputTensor],
    };
  });
  const made = shards.map(({ file }): FinishedShard => ({ file, digests: [['t', ['first', 'second']]] }));
  return { plan: { shards } as unknown as ConversionPlan, made, counter };
}

/** Looks at parts when every source file of a plan is checked. */
async function looksOfCheck(count: number): Promise<number> {
  const { plan, made, counter } = countedPlan(count);
  const opened: string[] = [];
  const files: FileSet = {
    identity: 'test',
    list: async () => [],
    open: async (name) => {
      opened.push(name);
      return memorySource(new Uint8Array(16), name);
    },
  };
  const digest = () => Promise.reject(new Error('no source states a hash'));
  const check = createSourceCheck({ plan, files, output: files, digest, signal: undefined, onError: () => undefined });
  for (const shard of made) check.finished(shard);
  const { unchecked } = await check.finish();
  expect(unchecked).toHaveLength(count);
  expect(opened).toHaveLength(count);
  return counter.looked;
}

describe('what conversions read of a source file', () => {
  it('comes from every shard that uses it, with the hashes taken there', () => {
    const { plan, made } = countedPlan(3);
    const finished = new Map(made.map((shard) => [shard.file, shard]));
    const { copies, computed, planned } = readsOf(usesOf(plan), 'in-1', finished);
    expect(copies).toEqual([
      { start: 0, end: 8, digest: 'first', output: { file: 'out-1', at: 100 } },
      { start: 8, end: 16, digest: 'second', output: { file: 'out-0', at: 108 } },
    ]);
    expect([computed, planned]).toEqual([[], []]);
  });

  it('leaves out shards that are not finished, and files that no shard uses', () => {
    const { plan, made } = countedPlan(3);
    const finished = new Map(made.slice(0, 1).map((shard) => [shard.file, shard]));
    expect(readsOf(usesOf(plan), 'in-1', finished).copies.map(({ output }) => output?.file)).toEqual(['out-0']);
    expect(readsOf(usesOf(plan), 'in-2', finished).copies).toEqual([]);
    expect(readsOf(usesOf(plan), 'elsewhere', finished).copies).toEqual([]);
  });

  it('costs as many looks at parts as there are uses, not files times shards', async () => {
    // One to find the uses of a tensor, one for each of its two source files.
    expect(await looksOfCheck(10)).toBe(30);
    expect(await looksOfCheck(200)).toBe(600);
  });
});
