import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listJobs, openJobFolder, removeJob } from '../sink/opfs-jobs.ts';
import { findFolderResult, forgetFolderResult, keepFolderResult, listFolderResults } from './folder-results.ts';
import { openResult } from './open-result.ts';
import type { ConversionReport } from './report.ts';

const JOB = '20261122-213005-stacked-4f1c';
const REPORT = {
  source: 'org/name',
  target: 'stacked',
  scope: 'whole',
  groups: [],
  verified: { equal: true, tensors: 1, bytes: 2, method: '' },
  unpacked: null,
} as unknown as ConversionReport;

/** The browser's own storage has handles of the same class as a picked folder; the grant is not covered. */
let folder: FileSystemDirectoryHandle;

async function put(into: FileSystemDirectoryHandle, name: string): Promise<void> {
  const stream = await (await into.getFileHandle(name, { create: true })).createWritable();
  await stream.write('{}');
  await stream.close();
}

beforeEach(async () => {
  folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true });
});
afterEach(async () => {
  for (const { job } of await listJobs()) await removeJob(job);
  await forgetFolderResult(JOB);
  await (await navigator.storage.getDirectory()).removeEntry('picked', { recursive: true }).catch(() => undefined);
});

describe('openResult', () => {
  it('opens a finished job of the browser storage, and says that an unfinished one is not finished', async () => {
    const job = await openJobFolder(JOB);
    await put(job, 'model.safetensors');
    await expect(openResult(JOB)).rejects.toThrow(/is not finished/);
    await put(job, 'model.safetensors.index.json');
    const files = await openResult(JOB);
    expect(files.identity).toBe(`job:${JOB}`);
    expect((await files.list()).map(({ name }) => name)).toEqual(['model.safetensors', 'model.safetensors.index.json']);
  });

  it('opens the folder that was picked for a result', async () => {
    await put(folder, 'model.safetensors');
    await keepFolderResult({ job: JOB, folder, files: 1, bytes: 2, report: REPORT });
    expect((await listFolderResults()).map(({ job, facts }) => [job, facts.target])).toEqual([[JOB, 'stacked']]);
    expect((await (await openResult(JOB)).list()).map(({ name }) => name)).toEqual(['model.safetensors']);
    await forgetFolderResult(JOB);
    expect(await findFolderResult(JOB)).toBeNull();
  });

  it('asks before it reads a folder that the browser has closed again', async () => {
    await keepFolderResult({ job: JOB, folder, files: 1, bytes: 2, report: REPORT });
    const prototype = FileSystemHandle.prototype as unknown as { queryPermission: unknown };
    const { queryPermission } = prototype;
    prototype.queryPermission = async () => 'prompt';
    await expect(openResult(JOB))
      .rejects.toMatchObject({ tag: 'permission-lost', message: expect.stringContaining('the folder picked') })
      .finally(() => {
        prototype.queryPermission = queryPermission;
      });
  });

  it('leaves out what another version stored', async () => {
    await keepFolderResult({ job: JOB, folder, files: 1, bytes: 2, report: {} as ConversionReport });
    expect(await listFolderResults()).toEqual([]);
  });

  it('says of a name that is not here, or is none, that there is no such result', async () => {
    for (const job of ['20261122-213005-stacked-0000', '..', 'a/b', ''])
      await expect(openResult(job)).rejects.toMatchObject({ tag: 'path-not-found' });
  });
});
