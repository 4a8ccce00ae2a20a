import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { createNodeDigest } from '../convert/sha256.node.ts';
import { isLoomError, type LoomError } from '../errors.ts';
import { createManners } from '../hub/manners.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import { createNodeFetch } from '../source/fetch.node.ts';
import { openLocal } from '../source/folder.node.ts';
import { checkFolder, parseProof } from './folder.ts';
import { openPublishJournal } from './journal.node.ts';
import { type PublishOptions, publishFolder } from './run.ts';
import { parsePublishTarget } from './target.ts';

export const PART = 8 * 1024;
export const REPO = 'owner/published';
export const SHARDS = {
  'model-00001-of-00002.safetensors': 45 * PART + 17,
  'model-00002-of-00002.safetensors': 25 * PART,
};
export const SMALL = 'tokenizer.model';
export const NEEDED = 70 * PART + 17 + 1000;
export let hub: HubServer;
let work: string;
export let folder: string;
export let env: Record<string, string>;
export const sums: Record<string, string> = {};

/** A model in a folder, and for each test a Hub without it. */
export function setUpPublish(): void {
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'moe-loom-publish-'));
    folder = join(work, 'model');
    writeModel();
  });
  beforeEach(async () => {
    hub = await startHub({ repos: [], partBytes: 8 * PART });
    env = { XDG_CACHE_HOME: mkdtempSync(join(work, 'cache-')) };
  });
  afterEach(() => hub.close());
  afterAll(() => rmSync(work, { recursive: true, force: true }));
}

function writeModel(): void {
  folder = mkdtempSync(join(work, 'model-'));
  writeWeights();
  put(SMALL, randomBytes(1000));
  put('config.json', '{"model_type":"qwen3_moe"}');
  put('README.md', '# A model\n');
  put('model.safetensors.index.json', '{"weight_map":{}}');
}

export function writeWeights(): void {
  for (const [name, size] of Object.entries(SHARDS)) put(name, randomBytes(size));
  put('moe-loom-report.json', report(sums));
}

export function put(name: string, content: Uint8Array | string): void {
  writeFileSync(join(folder, name), content);
  sums[name] = createHash('sha256').update(content).digest('hex');
}

function report(sha256: Readonly<Record<string, string>>): string {
  const stated = Object.fromEntries(Object.keys(SHARDS).map((name) => [name, sha256[name]]));
  return JSON.stringify({ scope: 'whole', shards: Object.keys(SHARDS), verified: { equal: true }, sha256: stated });
}

export async function publish(change: Partial<PublishOptions> & { readonly branch?: string } = {}) {
  const files = await openLocal(folder);
  const target = parsePublishTarget(REPO, change.branch);
  const proof = parseProof(readFileSync(join(folder, 'moe-loom-report.json'), 'utf8'), 'moe-loom-report.json');
  const entries = await files.list();
  return publishFolder({
    target,
    files,
    folder: checkFolder(folder, entries, [], proof),
    journal: await openPublishJournal({ ...target, endpoint: hub.url, folder }, env),
    message: 'Add a model',
    private: false,
    endpoint: hub.url,
    token: 'hf_owner',
    fetch: createNodeFetch({}),
    createDigest: createNodeDigest,
    ...createManners({ clock: hastyClock() }),
    ...change,
  });
}

export async function refusal(task: Promise<unknown>): Promise<LoomError> {
  try {
    await task;
  } catch (error) {
    if (isLoomError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
}

/** The branch has the folder, byte for byte. */
export function expectWhole(branch = 'main'): void {
  const there = hub.contentsOf(REPO, branch);
  for (const [name, sha256] of Object.entries(sums))
    expect(
      createHash('sha256')
        .update(there.get(name) ?? '')
        .digest('hex'),
      name,
    ).toBe(sha256);
}
