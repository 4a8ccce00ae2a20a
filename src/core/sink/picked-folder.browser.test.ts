import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPickedFolderSink } from './picked-folder.ts';

/** The browser's own storage has handles of the same class as a picked folder; the grant is not covered. */
let folder: FileSystemDirectoryHandle;

beforeEach(async () => {
  folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true });
});
afterEach(async () => {
  await (await navigator.storage.getDirectory()).removeEntry('picked', { recursive: true });
});

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);

async function namesIn(handle: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const name of handle.keys()) names.push(name);
  return names.sort();
}

describe('the sink in a picked folder (browser storage standing in for it)', () => {
  it('shows a file when it is finished, says when it is finalising, and reads it back', async () => {
    const told: (string | null)[] = [];
    const sink = await createPickedFolderSink(folder, { onFinalising: (file) => told.push(file) });
    const file = await sink.create('model.safetensors', 10);
    await file.write(bytes(10).subarray(4), 4);
    await file.write(bytes(4), 0);
    expect(await sink.files().list()).toEqual([]);
    expect(await namesIn(folder)).not.toContain('model.safetensors');
    await file.commit();
    expect(told).toEqual(['model.safetensors', null]);
    expect(await namesIn(folder)).toEqual(['model.safetensors']);
    const source = await sink.files().open('model.safetensors');
    expect([...(await source.read({ start: 0, end: 10 }))]).toEqual([...bytes(10)]);
  });

  it('copies where the browser cannot rename', async () => {
    const prototype = FileSystemFileHandle.prototype as unknown as { move?: unknown };
    const move = prototype.move;
    delete prototype.move;
    const sink = await createPickedFolderSink(folder);
    const file = await sink.create('a', 3);
    await file.write(bytes(3), 0);
    await file.commit().finally(() => {
      prototype.move = move;
    });
    expect(await namesIn(folder)).toEqual(['a']);
  });

  it('refuses a folder that holds something, but not what the system puts there', async () => {
    await folder.getFileHandle('.DS_Store', { create: true });
    await expect(createPickedFolderSink(folder)).resolves.toMatchObject({ identity: 'picked' });
    await folder.getFileHandle('mine.txt', { create: true });
    await expect(createPickedFolderSink(folder)).rejects.toMatchObject({ tag: 'output-not-empty' });
  });

  it('does not finish a file with bytes missing', async () => {
    const sink = await createPickedFolderSink(folder);
    const file = await sink.create('a', 10);
    await file.write(bytes(4), 0);
    await expect(file.commit()).rejects.toMatchObject({ tag: 'write-failed' });
    await sink.discard();
    expect(await namesIn(folder)).toEqual([]);
  });

  it('takes back what it wrote and leaves the rest', async () => {
    await folder.getFileHandle('.DS_Store', { create: true });
    const sink = await createPickedFolderSink(folder);
    const done = await sink.create('sub/done', 1);
    await done.write(bytes(1), 0);
    await done.commit();
    const open = await sink.create('open', 5);
    await open.write(bytes(2), 0);
    await sink.discard();
    expect(await namesIn(folder)).toEqual(['.DS_Store']);
  });

  it('says that the permission is lost when the folder is gone', async () => {
    const inner = await folder.getDirectoryHandle('inner', { create: true });
    const sink = await createPickedFolderSink(inner);
    await folder.removeEntry('inner', { recursive: true });
    await expect(sink.create('a', 1)).rejects.toMatchObject({ tag: 'permission-lost' });
  });
});
