import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocal } from './folder.node.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moe-loom-folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a folder', () => {
  it('lists files below it and leaves out names that begin with a dot', async () => {
    mkdirSync(join(root, 'sub'));
    mkdirSync(join(root, '.git'));
    writeFileSync(join(root, 'a.txt'), 'abc');
    writeFileSync(join(root, '._a.txt'), 'abc');
    writeFileSync(join(root, 'sub', 'b.txt'), 'de');
    writeFileSync(join(root, '.git', 'c.txt'), 'x');
    symlinkSync('a.txt', join(root, 'inside.txt'));
    const files = await openLocal(root);
    expect(await files.list()).toEqual([
      { name: 'a.txt', byteLength: 3 },
      { name: 'inside.txt', byteLength: 3 },
      { name: 'sub/b.txt', byteLength: 2 },
    ]);
    await expect(files.open('../x')).rejects.toMatchObject({ tag: 'path-outside-folder' });
    await expect(files.open('nothing')).rejects.toMatchObject({ tag: 'path-not-found' });
  });

  it('follows links out of it to regular files, and says which it followed and which lead nowhere', async () => {
    const store = mkdtempSync(join(tmpdir(), 'moe-loom-store-'));
    const model = join(root, 'model');
    mkdirSync(model);
    writeFileSync(join(store, 'w.safetensors'), 'weights');
    symlinkSync(join(store, 'w.safetensors'), join(model, 'a.safetensors'));
    symlinkSync(join(store, 'none'), join(model, 'b.safetensors'));
    symlinkSync(store, join(model, 'c.safetensors'));
    symlinkSync('/dev/null', join(model, 'd.safetensors'));
    writeFileSync(join(model, 'e.safetensors'), `${join(store, 'w.safetensors')}\n`);
    const notes: string[] = [];
    const files = await openLocal(model, { onNote: (note) => notes.push(note) });
    const names = ['a.safetensors', 'e.safetensors'];
    expect(await files.list()).toEqual(names.map((name) => ({ name, byteLength: 7 })));
    await files.list();
    expect(notes).toEqual([
      `2 files are links that lead out of ${model}, to ${store}. They are read there.`,
      `b.safetensors is a link to ${join(store, 'none')}, which is not there. It is left out.`,
      'd.safetensors is a link to /dev/null, which is not a regular file. It is left out.',
    ]);
    for (const name of names) {
      const source = await files.open(name);
      expect(Buffer.from(await source.read({ start: 0, end: 7 })).toString()).toBe('weights');
      await source.dispose?.();
    }
    await expect(files.open('c.safetensors')).rejects.toMatchObject({ tag: 'path-outside-folder' });
    await expect(files.open('d.safetensors')).rejects.toMatchObject({ tag: 'path-outside-folder' });
    rmSync(store, { recursive: true });
  });

  it('opens the checkpoint of an index or a shard by its path, and the file alone where that is asked', async () => {
    const names = [
      'config.json',
      'ema.safetensors',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ];
    for (const name of names) writeFileSync(join(root, name), '{}');
    const listed = async (name: string, alone = false) =>
      (await (await openLocal(join(root, name), { alone })).list()).map((entry) => entry.name);
    const series = names.filter((name) => name !== 'ema.safetensors');
    expect(await listed('model.safetensors.index.json')).toEqual(series);
    expect(await listed('model-00002-of-00002.safetensors')).toEqual(series);
    expect(await listed('ema.safetensors')).toEqual(['config.json', 'ema.safetensors']);
    expect(await listed('config.json')).toEqual(['config.json']);
    expect(await listed('ema.safetensors', true)).toEqual(['ema.safetensors']);
  });

  it('reads ranges, into a given buffer where there is one, and says when a file got shorter', async () => {
    const path = join(root, 'data');
    writeFileSync(
      path,
      Uint8Array.from({ length: 100 }, (_, i) => i),
    );
    const source = await (await openLocal(path)).open('data');
    expect([...(await source.read({ start: 10, end: 13 }))]).toEqual([10, 11, 12]);
    const into = new Uint8Array(8);
    const view = await source.read({ start: 0, end: 3 }, { into });
    expect(view.buffer).toBe(into.buffer);
    expect([...into]).toEqual([0, 1, 2, 0, 0, 0, 0, 0]);
    await expect(source.read({ start: 90, end: 101 })).rejects.toMatchObject({ tag: 'source-changed' });
    await expect(source.read({ start: 0, end: 1 }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      tag: 'cancelled',
    });
    truncateSync(path, 50);
    await expect(source.read({ start: 40, end: 60 })).rejects.toMatchObject({
      tag: 'source-changed',
      fields: { byte: 50 },
    });
    await source.dispose?.();
  });

  it('has another key once it was edited in place, whatever its times say', async () => {
    const path = join(root, 'data');
    writeFileSync(path, 'abc');
    const time = new Date('2024-05-06T07:08:09Z');
    utimesSync(path, time, time);
    const key = async () => (await (await openLocal(path)).open('data')).key;
    const before = await key();
    expect(await key()).toBe(before);
    // The clock of the file system has to have gone on.
    const changed = () => statSync(path, { bigint: true }).ctimeNs;
    for (const first = changed(); changed() === first; ) {
      writeFileSync(path, 'abd');
      utimesSync(path, time, time);
    }
    expect(statSync(path).mtimeMs).toBe(time.getTime());
    expect(await key()).not.toBe(before);
  });

  it('of the Hub cache states the sha256 that its blob is called by, however it is opened', async () => {
    const sha256 = 'ab'.repeat(32);
    const repo = join(root, 'models--a--b');
    const snapshot = join(repo, 'snapshots', '1'.repeat(40));
    for (const folder of [join(repo, 'blobs'), snapshot]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(repo, 'blobs', sha256), 'abc');
    writeFileSync(join(repo, 'blobs', '1'.repeat(40)), '{}');
    symlinkSync(join('..', '..', 'blobs', sha256), join(snapshot, 'model.safetensors'));
    symlinkSync(join('..', '..', 'blobs', '1'.repeat(40)), join(snapshot, 'config.json'));
    const stated = async (path: string, name: string) => (await (await openLocal(path)).open(name)).sha256;
    expect(await stated(repo, 'model.safetensors')).toBe(sha256);
    expect(await stated(snapshot, 'model.safetensors')).toBe(sha256);
    expect(await stated(join(snapshot, 'model.safetensors'), 'model.safetensors')).toBe(sha256);
    expect(await stated(repo, 'config.json')).toBeUndefined();
  });
});
