import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderSink } from './folder.node.ts';
import { writeFully } from './folder-file.node.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-sink-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('a folder sink', () => {
  it('gives a file its name only when it is whole', async () => {
    const out = join(work, 'a', 'out');
    const sink = await createFolderSink(out);
    const file = await sink.create('x.bin', 4);
    await file.write(bytes(3, 4), 2);
    expect(existsSync(join(out, 'x.bin'))).toBe(false);
    await expect(file.commit().then(() => sink.create('x.bin', 1))).rejects.toMatchObject({ tag: 'output-not-empty' });
    expect([...readFileSync(join(out, 'x.bin'))]).toEqual([0, 0, 3, 4]);
    const short = await sink.create('y.bin', 9);
    await short.write(bytes(1), 0);
    await expect(short.commit()).rejects.toMatchObject({ tag: 'write-failed' });
    await short.abort();
    await sink.close?.();
    expect(readdirSync(out)).toEqual(['x.bin']);
  });

  it('takes everything back, also the folder that it made, and leaves what was there', async () => {
    const out = join(work, 'out');
    const sink = await createFolderSink(out);
    const done = await sink.create('sub/done.bin', 1);
    await done.write(bytes(1), 0);
    await done.commit();
    await (await sink.create('half.bin', 5)).write(bytes(1), 0);
    await sink.discard();
    expect(readdirSync(work)).toEqual([]);
  });

  it('lets one process write at a time, and counts no lock of a process that has ended', async () => {
    const out = join(work, 'out');
    const lock = (pid: number, host = hostname()) =>
      writeFileSync(join(out, '.moe-loom-lock'), JSON.stringify({ pid, host }));
    mkdirSync(out);
    lock(process.ppid);
    await expect(createFolderSink(out)).rejects.toMatchObject({ tag: 'output-in-use' });
    lock(process.pid, 'another-machine');
    await expect(createFolderSink(out)).rejects.toMatchObject({ tag: 'output-in-use' });
    lock(2 ** 22 + 1);
    const sink = await createFolderSink(out);
    await sink.discard();
    expect(readdirSync(out)).toEqual([]);
  });

  it('refuses a folder that holds something, a file, and names that lead out', async () => {
    mkdirSync(join(work, 'full'));
    writeFileSync(join(work, 'full', 'x'), '');
    await expect(createFolderSink(join(work, 'full'))).rejects.toMatchObject({ tag: 'output-not-empty' });
    await expect(createFolderSink(join(work, 'full', 'x'))).rejects.toMatchObject({ tag: 'output-not-empty' });
    await expect(createFolderSink(join(work, 'full', 'new'), join(work, 'full'))).rejects.toMatchObject({
      tag: 'output-inside-source',
    });
    const sink = await createFolderSink(join(work, 'new'));
    await expect(sink.create('../x', 1)).rejects.toMatchObject({ tag: 'path-outside-folder' });
  });

  it.skipIf(!existsSync('/dev/full'))('says that the disk is full, with file and byte', async () => {
    const handle = await open('/dev/full', 'w');
    await expect(writeFully(handle, bytes(1, 2), 7, 'x.bin')).rejects.toMatchObject({
      tag: 'disk-full',
      fields: { file: 'x.bin', byte: 7 },
    });
    await handle.close();
  });
});
