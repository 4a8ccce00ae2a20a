import { afterEach, describe, expect, it } from 'vitest';
import { MIB } from '../units.ts';
import { blobFiles, directoryFiles } from './blob.ts';
import { opfsFiles } from './opfs.ts';

const file = (text: string | Uint8Array<ArrayBuffer>, name = 'f') => new File([text], name, { lastModified: 5 });
const entries = (paths: Readonly<Record<string, string>>) =>
  Object.entries(paths).map(([path, text]) => ({ path, file: file(text) }));
const names = async (paths: Readonly<Record<string, string>>) =>
  (await blobFiles('drop', entries(paths)).list()).map((entry) => entry.name);

describe('dropped files', () => {
  it('leave out the folder that they share, and hidden folders', async () => {
    expect(await names({ 'm/config.json': '', 'm/sub/a': '', 'm/.git/b': '', 'm/.hidden': '' })).toEqual([
      '.hidden',
      'config.json',
      'sub/a',
    ]);
    expect(await names({ a: '', 'm/b': '' })).toEqual(['a', 'm/b']);
  });

  it('refuses two files of one path', () => {
    const twice = [
      { path: 'a', file: file('') },
      { path: 'a', file: file('') },
    ];
    expect(() => blobFiles('drop', twice)).toThrow(/Two of the files/);
  });

  it('are the snapshot that refs/main names in a Hub cache folder', async () => {
    const cache = {
      'models--o--n/refs/main': 'bbb\n',
      'models--o--n/snapshots/aaa/old': '',
      'models--o--n/snapshots/bbb/config.json': '',
      'models--o--n/blobs/x': '',
    };
    expect(await names(cache)).toEqual(['config.json']);
    expect(await names({ 'models--o--n/snapshots/aaa/only': '', 'models--o--n/blobs/x': '' })).toEqual(['only']);
    await expect(names({ 'models--o--n/snapshots/a/f': '', 'models--o--n/snapshots/b/f': '' })).rejects.toMatchObject({
      tag: 'path-not-found',
    });
  });

  it('read exact ranges, also into a given buffer, also past one slice', async () => {
    const bytes = new Uint8Array(17 * MIB).map((_, index) => index % 253);
    const source = await blobFiles('drop', [{ path: 'big', file: file(bytes) }]).open('big');
    expect([...(await source.read({ start: 3, end: 6 }))]).toEqual([3, 4, 5]);
    const into = new Uint8Array(8);
    const view = await source.read({ start: 250, end: 256 }, { into });
    expect(view.buffer).toBe(into.buffer);
    expect([...into]).toEqual([250, 251, 252, 0, 1, 2, 0, 0]);
    const whole = await source.read({ start: 0, end: bytes.byteLength });
    expect(whole.at(-1)).toBe(bytes.at(-1));
    await expect(source.read({ start: 0, end: 1 }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      tag: 'cancelled',
    });
  });

  it('read many ranges at once, each into its own buffer', async () => {
    const bytes = new Uint8Array(12 * MIB + 5).map((_, index) => (index * 7) % 251);
    const source = await blobFiles('drop', [{ path: 'big', file: file(bytes) }]).open('big');
    const starts = [0, 1, MIB - 3, 4 * MIB, 9 * MIB + 5];
    const length = 3 * MIB;
    const got = await Promise.all(
      starts.map((start) =>
        source.read({ start, end: start + length }, { into: new Uint8Array(length + 1).fill(255) }),
      ),
    );
    got.forEach((view, index) => {
      const start = starts[index] ?? 0;
      expect(view.byteLength).toBe(length);
      expect(indexedDB.cmp(view, bytes.subarray(start, start + length))).toBe(0);
      expect(new Uint8Array(view.buffer).at(-1)).toBe(255);
    });
  });

  it('stop in the middle of a range, and are read again after', async () => {
    const source = await blobFiles('drop', [{ path: 'big', file: file(new Uint8Array(32 * MIB).fill(3)) }]).open('big');
    const stop = new AbortController();
    const reading = source.read({ start: 0, end: 32 * MIB }, { signal: stop.signal });
    stop.abort();
    await expect(reading).rejects.toMatchObject({ tag: 'cancelled' });
    expect((await source.read({ start: 0, end: 32 * MIB })).every((byte) => byte === 3)).toBe(true);
  });

  it('have keys of size and time', async () => {
    const one = await blobFiles('drop', [{ path: 'a', file: file('12') }]).open('a');
    const two = await blobFiles('drop', [{ path: 'a', file: file('34') }]).open('a');
    const other = await blobFiles('drop', [{ path: 'a', file: file('345') }]).open('a');
    expect(one.key).toBe(two.key);
    expect(one.key).not.toBe(other.key);
  });
});

describe('a folder handle (browser storage standing in for a folder on disk)', () => {
  afterEach(async () => {
    await (await navigator.storage.getDirectory()).removeEntry('in', { recursive: true });
  });

  async function folderOf(paths: Readonly<Record<string, string>>): Promise<FileSystemDirectoryHandle> {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('in', { create: true });
    for (const [path, text] of Object.entries(paths)) {
      const parts = path.split('/');
      let folder = root;
      for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
      const stream = await (await folder.getFileHandle(parts.at(-1) ?? '', { create: true })).createWritable();
      await stream.write(text);
      await stream.close();
    }
    return root;
  }

  it('lists folders below it, without hidden ones', async () => {
    const set = directoryFiles(await folderOf({ 'config.json': '{}', 'sub/a': '123', '.git/x': '' }));
    expect(await set.list()).toEqual([
      { name: 'config.json', byteLength: 2 },
      { name: 'sub/a', byteLength: 3 },
    ]);
    await expect(set.open('sub/none')).rejects.toMatchObject({ tag: 'path-not-found' });
    await expect(set.open('../in/config.json')).rejects.toMatchObject({ tag: 'path-not-found' });
  });

  it('is the snapshot of a Hub cache folder', async () => {
    const set = directoryFiles(
      await folderOf({ 'refs/main': 'bbb', 'snapshots/aaa/x': '', 'snapshots/bbb/config.json': '{}', 'blobs/1': '' }),
    );
    expect((await set.list()).map((entry) => entry.name)).toEqual(['config.json']);
  });

  it('says so when a file changed after it was opened', async () => {
    const folder = await folderOf({ a: '1234' });
    const source = await directoryFiles(folder).open('a');
    await folder.removeEntry('a');
    await expect(source.read({ start: 0, end: 4 })).rejects.toMatchObject({
      tag: 'source-changed',
      fields: { file: 'a' },
    });
  });

  it('says so of a range large enough to be streamed', async () => {
    const folder = await folderOf({ a: 'x'.repeat(3 * MIB) });
    const source = await directoryFiles(folder).open('a');
    expect((await source.read({ start: 0, end: 3 * MIB })).byteLength).toBe(3 * MIB);
    await folder.removeEntry('a');
    await expect(source.read({ start: 0, end: 3 * MIB })).rejects.toMatchObject({ tag: 'source-changed' });
  });

  it('is read as a file on a page', async () => {
    const source = await opfsFiles(await folderOf({ a: '1234' })).open('a');
    expect([...(await source.read({ start: 1, end: 3 }))]).toEqual([50, 51]);
    await source.dispose?.();
  });
});
