import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../source/memory.ts';
import { COPY_BYTES, copyFiles } from './copy-files.ts';
import { createMemorySink } from './memory.ts';

const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251);
const FILES = new Map([
  ['a.json', bytes(3)],
  ['deep/model.safetensors', bytes(COPY_BYTES + 5)],
  ['empty', bytes(0)],
]);

describe('copyFiles', () => {
  it('copies every byte, in pieces of at most 8 MiB', async () => {
    const sink = createMemorySink();
    const told: number[] = [];
    await copyFiles(memoryFiles('from', FILES), sink, { onProgress: (done) => told.push(done) });
    expect([...sink.written.keys()].sort()).toEqual([...FILES.keys()].sort());
    for (const [name, content] of FILES) expect(Buffer.compare(sink.written.get(name) ?? bytes(1), content)).toBe(0);
    expect(told).toEqual([3, 3 + COPY_BYTES, 8 + COPY_BYTES]);
  });

  it('leaves nothing where there is no room, and where it is cancelled', async () => {
    const full = createMemorySink('full', 10);
    await expect(copyFiles(memoryFiles('from', FILES), full)).rejects.toMatchObject({ tag: 'disk-full' });
    expect(full.written.size).toBe(0);
    const abort = new AbortController();
    const stopped = createMemorySink();
    const copied = copyFiles(memoryFiles('from', FILES), stopped, {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(copied).rejects.toMatchObject({ tag: 'cancelled' });
    expect(stopped.written.size).toBe(0);
  });
});
