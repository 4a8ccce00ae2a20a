import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkFiles } from '../checkpoint/check.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { openFolderJournal } from '../convert/journal.node.ts';
import { sha256File } from '../convert/sha256.node.ts';
import { findInHubCache } from '../hub/cache.node.ts';
import { findToken } from '../hub/token.node.ts';
import { JOURNAL_FILE } from '../sink/ledger.node.ts';
import { safetensorsBytes } from '../testing.fixture.ts';
import { openLocal } from './folder.node.ts';
import { readRegular } from './regular-file.node.ts';

const root = mkdtempSync(join(tmpdir(), 'moe-loom-special-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const weights = safetensorsBytes([{ name: 'model.layers.0.mlp.down_proj.weight', dtype: 'F32', shape: [2, 2] }]);
let made = 0;

/** A folder with a good shard and something else under the name of the next. */
function folderWith(make: (path: string) => void, name = 'model-00002-of-00002.safetensors'): string {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'model-00001-of-00002.safetensors'), weights);
  make(join(folder, name));
  return folder;
}

const KINDS: readonly (readonly [kind: string, make: (path: string) => void])[] = [
  ['a named pipe (FIFO)', (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdirSync(path)],
  ['a device', (path) => symlinkSync('/dev/zero', path)],
  ['a socket', (path) => void createServer().listen(path).unref()],
];

describe.each(KINDS.filter(([kind]) => kind !== 'a device'))('%s', (kind, make) => {
  it('under the name of a shard is named at once, and the rest is shown', async () => {
    const checkpoint = await openCheckpoint(await openLocal(folderWith(make)));
    expect(checkpoint.tensors.size).toBe(1);
    expect(checkpoint.findings).toContainEqual(
      expect.objectContaining({
        tag: 'shard-invalid',
        message: expect.stringContaining(`model-00002-of-00002.safetensors is ${kind}, not a file.`),
      }),
    );
  });

  it('under the name of an index or a config is named, too', async () => {
    for (const name of ['model.safetensors.index.json', 'config.json']) {
      const { findings } = await openCheckpoint(await openLocal(folderWith(make, name)));
      expect(findings.some(({ message }) => message.includes(`${name} is ${kind}, not a file.`))).toBe(true);
    }
  });

  it('is not valid to the checker', async () => {
    const { files } = await checkFiles(await openLocal(folderWith(make)));
    expect(files.find(({ file }) => file.includes('00002-of'))).toMatchObject({
      valid: false,
      error: { tag: 'not-a-file' },
    });
  });

  it('given by its own path is named where it is no folder', async () => {
    if (kind === 'a folder') return;
    const path = join(folderWith(make), 'model-00002-of-00002.safetensors');
    await expect(openLocal(path)).rejects.toMatchObject({ tag: 'not-a-file', message: expect.stringContaining(kind) });
  });

  it('with another name is passed over', async () => {
    const files = await openLocal(folderWith(make, 'notes'));
    expect((await files.list()).map(({ name }) => name)).toEqual(['model-00001-of-00002.safetensors']);
  });
});

it('a device is named by its own path', async () => {
  await expect(openLocal('/dev/zero')).rejects.toMatchObject({ message: expect.stringContaining('a device') });
});

it('a file that becomes a pipe before it is read is named, and nobody waits for its writer', async () => {
  const folder = folderWith((path) => writeFileSync(path, weights));
  const path = join(folder, 'model-00002-of-00002.safetensors');
  const source = await (await openLocal(folder)).open('model-00002-of-00002.safetensors');
  rmSync(path);
  execFileSync('mkfifo', [path]);
  await expect(source.read({ start: 0, end: 8 })).rejects.toMatchObject({ tag: 'not-a-file' });
});

describe.each(KINDS)('%s is named at once, and nobody waits for it', (kind, make) => {
  const place = (name: string) => {
    const folder = join(root, String(made++));
    mkdirSync(join(folder, name, '..'), { recursive: true });
    make(join(folder, name));
    return folder;
  };
  const named = { tag: 'not-a-file', message: expect.stringContaining(kind) };

  it('as a text that is read whole', async () => {
    await expect(readRegular(join(place('counts.json'), 'counts.json'), 'counts.json')).rejects.toMatchObject(named);
  });

  it('as the file of a token', async () => {
    const env = { HF_HOME: place('token') };
    await expect(findToken(env)).rejects.toMatchObject(named);
  });

  it('as a journal in an output folder, and as a file that is hashed there', async () => {
    const output = place(JOURNAL_FILE);
    await expect(openFolderJournal(output)).rejects.toMatchObject(named);
    await expect(sha256File(output, JOURNAL_FILE)).rejects.toMatchObject(named);
  });

  it('as a revision of the Hub cache', async () => {
    const cache = place('models--org--name/refs/main');
    const found = findInHubCache('org/name', { HF_HUB_CACHE: cache });
    // Of a branch `a/b` the cache has the folder `a`: that is no fault, and no revision.
    if (kind === 'a folder') expect(await found).toBe(null);
    else await expect(found).rejects.toMatchObject(named);
  });
});
