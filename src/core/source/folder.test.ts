import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
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
  it('lists files below it, leaves hidden folders and links that lead outside out', async () => {
    mkdirSync(join(root, 'sub'));
    mkdirSync(join(root, '.git'));
    writeFileSync(join(root, 'a.txt'), 'abc');
    writeFileSync(join(root, 'sub', 'b.txt'), 'de');
    writeFileSync(join(root, '.git', 'c.txt'), 'x');
    symlinkSync('a.txt', join(root, 'inside.txt'));
    symlinkSync('/etc/hostname', join(root, 'outside.txt'));
    const files = await openLocal(root);
    expect(await files.list()).toEqual([
      { name: 'a.txt', byteLength: 3 },
      { name: 'inside.txt', byteLength: 3 },
      { name: 'sub/b.txt', byteLength: 2 },
    ]);
    await expect(files.open('outside.txt')).rejects.toMatchObject({ tag: 'path-outside-folder' });
    await expect(files.open('../x')).rejects.toMatchObject({ tag: 'path-outside-folder' });
    await expect(files.open('nothing')).rejects.toMatchObject({ tag: 'path-not-found' });
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
    await expect(source.read({ start: 90, end: 101 })).rejects.toMatchObject({ tag: 'internal' });
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
});
