import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { createDigester } from '../hash.ts';
import { openHubRepo } from '../hub/repo.ts';
import { type PlanOptions, planConversion } from '../plan/conversion.ts';
import { spansOf } from '../plan/parts.ts';
import { TARGETS } from '../plan/targets.ts';
import type { Target } from '../plan/types.ts';
import { fp8Entries } from '../plan/unpack.fixture.ts';
import { createMemorySink } from '../sink/memory.ts';
import { openLocal } from '../source/folder.node.ts';
import type { FileSet } from '../source/types.ts';
import { filesOf, hubFolder } from '../testing.fixture.ts';
import { openFolderOutput } from './output.node.ts';
import type { Progress } from './progress.ts';
import { runPlan } from './run.ts';

const REPO = 'preset/per-expert-tiny';
const SHARDS = [
  'model-00001-of-00003.safetensors',
  'model-00002-of-00003.safetensors',
  'model-00003-of-00003.safetensors',
];
const [, SECOND = ''] = SHARDS;
let hub: HubServer;
let work: string;
let out: string;

beforeAll(async () => {
  hub = await startHub({ repos: presetRepos().filter(({ id }) => id === REPO) });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.faults.clear();
  work = mkdtempSync(join(tmpdir(), 'moe-loom-proven-'));
  out = join(work, 'out');
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

interface Run extends PlanOptions {
  readonly target?: Target;
  readonly out?: string;
  readonly onProgress?: (progress: Progress) => void;
}

/** Converts into a folder, going on with what lies there. */
async function convert(files: FileSet, { target = 'stacked', out: folder = out, onProgress, ...options }: Run = {}) {
  const plan = planConversion(await openCheckpoint(files), target, { maxShardBytes: 60_000, ...options });
  const { sink, journal } = await openFolderOutput(folder, plan, files, { unfinished: 'resume' });
  return runPlan(plan, { files, sink, journal, ...(onProgress ? { onProgress } : {}) });
}

const openHub = () => openHubRepo(REPO, { endpoint: hub.url, retries: 0 });
const flip = (byte: number, times?: number) =>
  hub.faults.add({ origin: 'cdn', pathRe: SECOND, ...(times ? { times } : {}), action: { type: 'flipBit', byte } });
const weights = (folder: string) =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.safetensors')) : [];
const contents = (folder: string) =>
  new Map(weights(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));

async function sha256(bytes: Uint8Array): Promise<string> {
  const digester = await createDigester();
  digester.update(bytes);
  return digester.digest();
}

describe('a file of the Hub that is not what the listing says, by one bit', () => {
  it.each(Object.keys(TARGETS) as Target[])(
    'is refused on the way to %s; what was made of other files stays, and is gone on from once it is good',
    async (target) => {
      const files = await openHub();
      const plan = planConversion(await openCheckpoint(files), target, { maxShardBytes: 60_000 });
      if (plan.refusals.length > 0) return;
      flip(-1);
      await expect(convert(files, { target })).rejects.toMatchObject({
        tag: 'source-hash-wrong',
        fields: { file: SECOND },
        message: expect.stringMatching(
          /the source states [0-9a-f]{64}, but the bytes that were read have [0-9a-f]{64}/,
        ),
      });
      expect(readdirSync(out).filter((name) => !weights(out).includes(name))).toEqual(
        weights(out).length > 0 ? ['.moe-loom-journal'] : [],
      );
      hub.faults.clear();
      const left = contents(out);
      const straight = join(work, 'straight');
      expect((await convert(files, { target, out: straight })).sourceHashes).toEqual({
        checked: SHARDS,
        unchecked: [],
        partlyRead: [],
      });
      for (const [name, bytes] of left) expect(contents(straight).get(name)).toBe(bytes);
      const report = await convert(await openHub(), { target });
      expect(report.kept).toBe(left.size);
      expect(report.sourceHashes?.checked).toEqual(SHARDS);
      expect(contents(out)).toEqual(contents(straight));
    },
  );

  it.each(['stacked', 'gate-up-transposed'] as const)(
    'is refused though only the first read came wrong; the source is not asked for these bytes again (%s)',
    async (target) => {
      const files = await openHub();
      const plan = planConversion(await openCheckpoint(files), target);
      const kind = target === 'stacked' ? 'copy' : 'gather';
      const victim = plan.shards
        .flatMap((shard) => shard.tensors.flatMap((tensor) => tensor.parts))
        .flatMap((part) => (part.kind === kind ? spansOf(part) : []))
        .find(({ file }) => file === SECOND)?.start;
      if (victim === undefined) throw new Error('nothing to flip');
      let made = false;
      let good = 0;
      const open: FileSet['open'] = async (name, options) => {
        const source = await files.open(name, options);
        const read: typeof source.read = async (range, readOptions) => {
          const bytes = await source.read(range, readOptions);
          const at = victim - range.start;
          if (name !== SECOND || at < 0 || victim >= range.end) return bytes;
          if (made) good++;
          else bytes[at] = (bytes[at] ?? 0) ^ 1;
          return bytes;
        };
        return { ...source, read };
      };
      const onProgress = ({ shardsDone }: Progress) => {
        made = shardsDone === plan.shards.length;
      };
      const run = runPlan(plan, { files: { ...files, open }, sink: createMemorySink(), onProgress });
      await expect(run).rejects.toMatchObject({ tag: 'source-hash-wrong', fields: { file: SECOND } });
      expect(good).toBe(0);
    },
  );

  it('is refused with the bit in its header', async () => {
    const files = await openHub();
    const source = await files.open(SECOND);
    const head = new TextDecoder().decode(await source.read({ start: 0, end: 4096 }));
    flip(head.indexOf('layernorm') + 2);
    await expect(convert(await openHub())).rejects.toMatchObject({
      tag: expect.stringMatching(/source-hash-wrong|not-convertible|index/),
    });
    expect(contents(out).size).toBeLessThan(3);
  });

  it('is told from one of which only a part was read', async () => {
    const files = await openHub();
    flip(-1);
    const sink = createMemorySink();
    const plan = planConversion(await openCheckpoint(files), 'stacked', { layers: [0] });
    const report = await runPlan(plan, { files, sink });
    const { checked = [], partlyRead = [], unchecked } = report.sourceHashes ?? {};
    expect([...checked, ...partlyRead].length).toBeGreaterThan(0);
    expect(unchecked).toEqual(partlyRead);
    expect(checked).not.toContain(SECOND);
  });
});

describe('a file of the local Hub cache', () => {
  /** A model of the fixtures as huggingface_hub keeps it: `bad` weights lie under the name of the good ones. */
  async function cached(bad: string | null): Promise<FileSet> {
    const repo = join(work, 'models--a--b');
    const snapshot = join(repo, 'snapshots', '1'.repeat(40));
    rmSync(repo, { recursive: true, force: true });
    mkdirSync(join(repo, 'blobs'), { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    for (const name of readdirSync(hubFolder('qwen3_moe'))) {
      const bytes = readFileSync(join(hubFolder('qwen3_moe'), name));
      const blob = name.endsWith('.safetensors') ? await sha256(bytes) : name;
      if (name === bad) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(join(repo, 'blobs', blob), bytes);
      symlinkSync(join('..', '..', 'blobs', blob), join(snapshot, name));
    }
    return openLocal(repo);
  }

  it('is held to the hash that it is called by', async () => {
    await expect(convert(await cached(SECOND))).rejects.toMatchObject({
      tag: 'source-hash-wrong',
      fields: { file: SECOND },
    });
    const left = weights(out).length;
    expect(left).toBeGreaterThan(0);
    const report = await convert(await cached(null));
    expect(report.kept).toBe(left);
    expect(report.sourceHashes?.checked).toEqual(SHARDS);
  });

  it('is unpacked, and held to its hash and to what it gave at first', async () => {
    const { packed } = fp8Entries(256, 128, 'e4m3', 128);
    const repo = filesOf(packed);
    const name = (await repo.list()).find((entry) => entry.name.endsWith('.safetensors'))?.name ?? '';
    const source = await repo.open(name);
    const stated = await sha256(await source.read({ start: 0, end: source.byteLength }));
    const stating = (hash: string): FileSet => ({
      ...repo,
      open: async (file) => ({ ...(await repo.open(file)), ...(file === name ? { sha256: hash } : {}) }),
    });
    const plan = planConversion(await openCheckpoint(repo), 'stacked', { dtype: 'bf16' });
    expect(plan.unpacked).not.toBeNull();
    const report = await runPlan(plan, { files: stating(stated), sink: createMemorySink() });
    expect(report.sourceHashes?.checked).toEqual([name]);
    await expect(runPlan(plan, { files: stating('0'.repeat(64)), sink: createMemorySink() })).rejects.toMatchObject({
      tag: 'source-hash-wrong',
    });
  });
});

describe('what happens while a conversion runs', () => {
  let source: string;
  beforeEach(() => {
    source = join(work, 'source');
    cpSync(hubFolder('qwen3_moe'), source, { recursive: true });
    // Whole seconds, which can be put back exactly.
    for (const name of readdirSync(source)) utimesSync(join(source, name), 1_700_000_000, 1_700_000_000);
  });

  /** Does something once, when two shards are finished. */
  const meanwhile = (act: () => void) => {
    let done = false;
    return ({ shardsDone }: Progress) => {
      if (done || shardsDone < 2) return;
      done = true;
      act();
    };
  };
  const edit = (path: string) => {
    const { atime, mtime } = statSync(path);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    utimesSync(path, atime, mtime);
  };

  it('a source that is edited in place, with its time put back, is noticed', async () => {
    const files = await openLocal(source);
    const first = join(source, SHARDS[0] ?? '');
    const before = readFileSync(first);
    const onProgress = meanwhile(() => edit(first));
    await expect(convert(files, { onProgress })).rejects.toMatchObject({
      tag: 'source-changed',
      fields: { file: SHARDS[0] },
    });
    expect(existsSync(join(out, 'model.safetensors.index.json'))).toBe(false);
    await expect(convert(files)).rejects.toMatchObject({ tag: 'resume-refused' });
    writeFileSync(first, before);
    await expect(convert(files)).rejects.toMatchObject({ tag: 'resume-refused' });
  });

  it('a source that is cut short is noticed, by who has it open and by who opens it then', async () => {
    for (const [at, edge] of [
      [0, 1000],
      [1, 100_000],
    ] as const) {
      const files = await openLocal(source);
      const path = join(source, SHARDS[2] ?? '');
      const before = readFileSync(path);
      let cut = false;
      const onProgress = ({ shardsDone }: Progress) => {
        if (cut || shardsDone < at) return;
        cut = true;
        truncateSync(path, edge);
      };
      const run = convert(files, { out: join(work, `cut-${at}`), onProgress });
      await expect(run).rejects.toMatchObject({ tag: 'source-changed', fields: { file: SHARDS[2] } });
      expect(cut).toBe(true);
      writeFileSync(path, before);
    }
  });

  it('a touch alone ends nothing', async () => {
    const onProgress = meanwhile(() => utimesSync(join(source, SHARDS[0] ?? ''), new Date(), new Date()));
    expect((await convert(await openLocal(source), { onProgress })).verified.equal).toBe(true);
  });

  it.each([
    ['removed', (path: string) => rmSync(path)],
    ['cut short', (path: string) => truncateSync(path, 1000)],
    ['edited in place, with its time put back', edit],
  ])('a finished shard that is %s is noticed, and made again by who goes on', async (_how, act) => {
    const files = await openLocal(source);
    const straight = join(work, 'straight');
    await convert(files, { out: straight });
    const victim = () => join(out, weights(out)[0] ?? '');
    const run = convert(files, { onProgress: meanwhile(() => act(victim())) });
    await expect(run).rejects.toMatchObject({ tag: expect.stringMatching(/output-changed|verify-failed/) });
    expect(existsSync(join(out, 'model.safetensors.index.json'))).toBe(false);
    await convert(files);
    expect(contents(out)).toEqual(contents(straight));
  });

  it('a shard that goes when all are proven is noticed before anything is written beside the shards', async () => {
    const files = await openLocal(source);
    const plan = planConversion(await openCheckpoint(files), 'stacked', { maxShardBytes: 60_000 });
    const { sink, journal } = await openFolderOutput(out, plan, files, { unfinished: 'refuse' });
    const begun: string[] = [];
    const create: typeof sink.create = async (name, ...rest) => {
      begun.push(name);
      return sink.create(name, ...rest);
    };
    const onProgress = ({ shardsDone }: Progress) => {
      if (shardsDone === plan.shards.length) rmSync(join(out, weights(out)[0] ?? ''), { force: true });
    };
    await expect(runPlan(plan, { files, sink: { ...sink, create }, journal, onProgress })).rejects.toMatchObject({
      tag: expect.stringMatching(/output-changed|path-not-found/),
    });
    expect(begun.every((name) => name.endsWith('.safetensors'))).toBe(true);
  });

  it('a file beside the shards that is removed before the index is there is noticed', async () => {
    const files = await openLocal(source);
    const plan = planConversion(await openCheckpoint(files), 'stacked');
    const { sink, journal } = await openFolderOutput(out, plan, files, { unfinished: 'refuse' });
    const create: typeof sink.create = async (name, ...rest) => {
      if (name === 'model.safetensors.index.json') rmSync(join(out, 'config.json'));
      return sink.create(name, ...rest);
    };
    await expect(runPlan(plan, { files, sink: { ...sink, create }, journal })).rejects.toMatchObject({
      tag: 'output-changed',
      fields: { file: 'config.json' },
    });
    expect((await convert(files, { maxShardBytes: 5e9 })).kept).toBe(1);
    expect(existsSync(join(out, 'config.json'))).toBe(true);
  });
});
