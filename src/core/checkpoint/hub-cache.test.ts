import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../source/memory.ts';
import { withHubCacheNames } from './hub-cache.ts';
import { openCheckpoint } from './open.ts';

const HUB = fileURLToPath(new URL('../../../fixtures/checkpoints/qwen3_moe/hub/', import.meta.url));
const real = new Map(readdirSync(HUB).map((name) => [name, new Uint8Array(readFileSync(HUB + name))]));
const text = (value: string) => new TextEncoder().encode(value);

/** The cache folder as browsers show it: blobs under hashes, no links. */
function cache(more: Readonly<Record<string, Uint8Array>> = {}) {
  const blobs = [...real].map(([, bytes], index) => [`blobs/${index.toString(16).padStart(40, 'f')}`, bytes] as const);
  return memoryFiles('models--o--n', new Map([['refs/main', text('abc')], ...blobs, ...Object.entries(more)]));
}

describe('a Hub cache folder without its links', () => {
  it('gets its names back from what is in the files', async () => {
    const set = withHubCacheNames(cache());
    const names = (await set.list()).map((entry) => entry.name).sort();
    expect(names).toEqual([...real.keys()].sort());
    const checkpoint = await openCheckpoint(set);
    expect(checkpoint.findings).toEqual([]);
    expect(checkpoint.tensors).toEqual((await openCheckpoint(memoryFiles('n', real))).tensors);
  });

  it('keeps the path of what it does not recognise, and leaves unfinished downloads out', async () => {
    const set = withHubCacheNames(cache({ 'blobs/licence': text('Apache'), 'blobs/x.incomplete': text('half') }));
    const names = (await set.list()).map((entry) => entry.name);
    expect(names).toContain('blobs/licence');
    expect(names).not.toContain('blobs/x.incomplete');
    expect((await set.open('blobs/licence')).byteLength).toBe(6);
  });

  it('says so when it holds several revisions', async () => {
    const set = withHubCacheNames(cache({ 'blobs/second': text('{"model_type": "other"}') }));
    await expect(set.list()).rejects.toMatchObject({ tag: 'path-not-found' });
  });

  it('says where to look when a snapshot shows no files', async () => {
    const set = withHubCacheNames(memoryFiles('a'.repeat(40), new Map()));
    await expect(set.list()).rejects.toThrow(/two levels up/);
  });

  it('leaves other folders alone', async () => {
    const set = withHubCacheNames(memoryFiles('m', new Map([['config.json', text('{}')]])));
    expect(await set.list()).toEqual([{ name: 'config.json', byteLength: 2 }]);
  });
});
