import { describe, expect, it } from 'vitest';
import { memorySource } from '../source/memory.ts';
import type { FileSet } from '../source/types.ts';
import { safetensorsBytes } from '../testing.fixture.ts';
import { openCheckpoint } from './open.ts';

/** Looks at names of the listing while a checkpoint of so many shards opens. */
async function looksOf(count: number): Promise<number> {
  let looks = 0;
  const digits = (value: number) => String(value).padStart(5, '0');
  const contents = new Map<string, Uint8Array>();
  const weightMap: Record<string, string> = {};
  for (let at = 1; at <= count; at++) {
    const file = `model-${digits(at)}-of-${digits(count)}.safetensors`;
    contents.set(file, safetensorsBytes([{ name: `tensor.${at}`, dtype: 'U8', shape: [1] }]));
    weightMap[`tensor.${at}`] = file;
  }
  contents.set('model.safetensors.index.json', new TextEncoder().encode(JSON.stringify({ weight_map: weightMap })));
  const listed = [...contents].map(([name, { byteLength }]) =>
    Object.defineProperty({ name, byteLength }, 'name', {
      get: () => {
        looks++;
        return name;
      },
    }),
  );
  const files: FileSet = {
    identity: 'test',
    list: async () => listed,
    open: async (name) => memorySource(contents.get(name) ?? new Uint8Array(0), name),
  };
  const { shards } = await openCheckpoint(files);
  expect(shards).toHaveLength(count);
  return looks;
}

describe('the cost of opening', () => {
  it('looks at the listing as often for each shard, however many there are', async () => {
    const perShard = async (count: number) => (await looksOf(count)) / count;
    expect(await perShard(400)).toBeLessThanOrEqual(await perShard(50));
  });
});
