import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { jobFile, jobFiles, listJobs, removeJob } from './opfs-jobs.ts';

const worker = new Worker(new URL('./opfs.worker.fixture.ts', import.meta.url), { type: 'module' });
let jobs = 0;

function run(scenario: string): Promise<unknown> {
  const job = `test-${++jobs}`;
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<{ answer: unknown }>) => resolve(event.data.answer);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ scenario, job });
  });
}

afterEach(async () => {
  for (const { job } of await listJobs()) await removeJob(job);
});
afterAll(() => worker.terminate());

describe('the sink in browser storage', () => {
  it('writes at any offset, shows a file only when it is finished, and reads it back', async () => {
    expect(await run('writesOutOfOrder')).toEqual({
      before: [],
      after: [{ name: 'model.safetensors', byteLength: 10 }],
      read: [2, 3, 4, 5, 6, 7, 8],
      names: ['model.safetensors'],
    });
  });

  it('does not finish a file with bytes missing', async () => {
    expect(await run('refusesShortFile')).toBe('write-failed');
  });

  it('makes the folders that a name has', async () => {
    expect(await run('writesIntoFolders')).toEqual([{ name: 'extra/deep/a.json', byteLength: 2 }]);
  });

  it('refuses names that lead out and names that are taken', async () => {
    expect(await run('refusesBadNames')).toEqual({ outside: 'path-outside-folder', taken: 'output-not-empty' });
  });

  it('says that the disk is full before the first byte when there is no room', async () => {
    expect(await run('fullDisk')).toEqual({ tag: 'disk-full', names: [] });
  });

  it('says what the file needs and how much of it fits, where the browser says nothing', async () => {
    expect(await run('silentlyFull')).toEqual({
      error: {
        tag: 'disk-full',
        message: 'The browser storage is full: huge needs 100 bytes, and 31 fit. Free space, or choose another output.',
        file: 'huge',
        byte: 31,
        needed: 100,
        fits: 31,
      },
      names: [],
    });
  });

  it('names the byte that could not be written, where the browser gives an error’s number for a length', async () => {
    expect(await run('errorForLength')).toMatchObject({ tag: 'disk-full', file: 'a', byte: 40 });
  });

  it('tries the storage before it is offered, and leaves nothing there', async () => {
    expect(await run('tries')).toEqual({
      works: null,
      left: [],
      refused: 'storage-unavailable',
      full: 'disk-full',
      leftAfter: [],
    });
  });

  it('takes a short write for a full disk', async () => {
    expect(await run('shortWrite')).toBe('disk-full');
  });

  it('leaves nothing behind when it is discarded', async () => {
    expect(await run('discards')).toEqual({ during: [expect.stringMatching(/^test-/)], after: [] });
  });

  it('flushes a large file through a second handle while it is written, and a small one not', async () => {
    const { calls, end, wanted } = (await run('flushesBeside')) as { calls: string[]; end: number[]; wanted: number[] };
    expect(calls).toEqual(['open', 'flush at 167772160', 'flush at 167772160', 'close']);
    expect(end).toEqual(wanted);
  });

  it('finishes and removes a file whose lock is freed only after its close', async () => {
    expect(await run('freedLater')).toEqual({ refused: true, open: [0, 0], names: ['kept'] });
  });

  it('does not finish a file whose bytes the disk did not take', async () => {
    expect(await run('failsToFlush')).toEqual({ tag: 'disk-full', names: [] });
  });

  it('keeps unfinished files out of sight where files cannot be renamed', async () => {
    expect(await run('withoutMove')).toEqual({
      during: [],
      after: [{ name: 'sub/a', byteLength: 2 }],
      names: ['sub/a'],
    });
  });

  it('gives a page the files of a job for download, and removes it', async () => {
    await run('writesIntoFolders');
    const [stored] = await listJobs();
    expect(stored).toMatchObject({ bytes: 2, files: [{ name: 'extra/deep/a.json' }], inUse: false });
    const job = stored?.job ?? '';
    expect((await jobFile(job, 'extra/deep/a.json')).size).toBe(2);
    expect(await (await jobFiles(job)).list()).toHaveLength(1);
    await removeJob(job);
    await expect(jobFile(job, 'extra/deep/a.json')).rejects.toMatchObject({ tag: 'path-not-found' });
    const root = await navigator.storage.getDirectory();
    await expect(root.getDirectoryHandle('moe-loom')).rejects.toThrow();
  });
});
