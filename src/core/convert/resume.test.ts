import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { LoomError } from '../errors.ts';
import { type PlanOptions, planConversion } from '../plan/conversion.ts';
import type { Target } from '../plan/types.ts';
import { JOURNAL_FILE } from '../sink/ledger.node.ts';
import type { Sink } from '../sink/types.ts';
import { openLocal } from '../source/folder.node.ts';
import { countingFiles, hubFolder } from '../testing.fixture.ts';
import { openFolderOutput } from './output.node.ts';
import { runPlan } from './run.ts';

let work: string;
let source: string;
let out: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-resume-'));
  source = join(work, 'source');
  out = join(work, 'out');
  cpSync(hubFolder('qwen3_moe'), source, { recursive: true });
  // Whole seconds, which can be put back exactly.
  for (const name of readdirSync(source)) utimesSync(join(source, name), 1_700_000_000, 1_700_000_000);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const SMALL = { maxShardBytes: 130_000 };

async function planned(target: Target = 'stacked', options: PlanOptions = SMALL) {
  const files = await openLocal(source);
  return { files, plan: planConversion(await openCheckpoint(files), target, options) };
}

/** Breaks off when the sink is asked for its shard number `at`, counted from 0. */
function breakingAt(at: number, inner: Sink): Sink {
  let created = 0;
  return {
    ...inner,
    create: (name, ...rest) => {
      if (created++ === at) throw new LoomError('disk-full', 'The disk is full.', { file: name });
      return inner.create(name, ...rest);
    },
  };
}

/** Leaves an unfinished conversion with some shards done; gives their names. */
async function interrupted(at = 3): Promise<string[]> {
  const { files, plan } = await planned();
  const { sink, journal } = await openFolderOutput(out, plan, files, { source, unfinished: 'refuse' });
  const broken = runPlan(plan, { files, sink: breakingAt(at, sink), journal });
  await expect(broken).rejects.toMatchObject({ tag: 'disk-full' });
  const left = readdirSync(out).filter((name) => name !== JOURNAL_FILE);
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(plan.shards.length);
  expect(left.every((name) => plan.shards.some((shard) => shard.file === name))).toBe(true);
  return left;
}

async function resumed(options: PlanOptions = SMALL, target: Target = 'stacked') {
  const { files, plan } = await planned(target, options);
  const counted = countingFiles(files);
  const { sink, journal } = await openFolderOutput(out, plan, files, { source, unfinished: 'resume' });
  return { plan, counted, report: await runPlan(plan, { files: counted.files, sink, journal }) };
}

/** The output of a run that nothing interrupted. */
async function expected(): Promise<Map<string, Buffer>> {
  const { files, plan } = await planned();
  const straight = join(work, 'straight');
  const { sink, journal } = await openFolderOutput(straight, plan, files, { source, unfinished: 'refuse' });
  await runPlan(plan, { files, sink, journal });
  return contents(straight);
}

/** Turns a bit of the first byte behind the header, and puts the file's time back. */
function editInPlace(path: string): void {
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  const at = 8 + Number(bytes.readBigUInt64LE(0));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
}

const contents = (folder: string) =>
  new Map(
    readdirSync(folder)
      .sort()
      .filter((name) => name !== 'moe-loom-report.json')
      .map((name) => [name, readFileSync(join(folder, name))]),
  );

describe('a conversion that broke off', () => {
  it('goes on from its finished shards, reads no source byte of theirs again, and ends like one that did not', async () => {
    const left = await interrupted();
    const { plan, counted, report } = await resumed();
    expect(report.kept).toBe(left.length);
    expect(contents(out)).toEqual(await expected());
    const remade = plan.shards.filter((shard) => !left.includes(shard.file));
    const needed = remade.reduce((sum, shard) => sum + shard.byteLength - shard.header.byteLength, 0);
    const copied = new Set(plan.copies.map((copy) => copy.file));
    const read = counted.reads
      .filter(({ file }) => !copied.has(file))
      .reduce((sum, { start, end }) => sum + end - start, 0);
    expect(read).toBeGreaterThanOrEqual(needed);
    expect(read).toBeLessThan(2 * needed);
  });

  it('makes again what is no longer what it wrote, and a shard whose line in the journal was cut short', async () => {
    const left = await interrupted(4);
    const [first = '', second = ''] = left;
    const bytes = readFileSync(join(out, first));
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    writeFileSync(join(out, first), bytes);
    truncateSync(join(out, second), 1000);
    const journal = readFileSync(join(out, JOURNAL_FILE), 'utf8');
    writeFileSync(join(out, JOURNAL_FILE), journal.slice(0, -20));
    const { report } = await resumed();
    expect(report.kept).toBe(left.length - 3);
    expect(contents(out)).toEqual(await expected());
  });

  it('is not continued unasked, and is started again on request', async () => {
    await interrupted();
    const { files, plan } = await planned();
    const before = contents(out);
    await expect(openFolderOutput(out, plan, files, { source, unfinished: 'refuse' })).rejects.toMatchObject({
      tag: 'output-unfinished',
      message: expect.stringMatching(/unfinished conversion to stacked: \d of \d+ shards are finished/),
    });
    expect(contents(out)).toEqual(before);
    const { sink, journal } = await openFolderOutput(out, plan, files, { source, unfinished: 'restart' });
    const report = await runPlan(plan, { files, sink, journal });
    expect(report.kept).toBe(0);
    expect(contents(out)).toEqual(await expected());
  });

  it('is not continued by another plan or from a changed source, and says what differs', async () => {
    await interrupted();
    const before = contents(out);
    const refused = (reason: RegExp) => ({ tag: 'resume-refused', message: expect.stringMatching(reason) });
    await expect(resumed(SMALL, 'gate-up')).rejects.toMatchObject(refused(/it was to stacked, not to gate-up/));
    await expect(resumed({ maxShardBytes: 50_000 })).rejects.toMatchObject(
      refused(/it was cut into \d+ shards .*not into/),
    );
    await expect(resumed({ ...SMALL, layers: [2] })).rejects.toMatchObject(refused(/layers all \(whole\), not 2/));
    const config = readFileSync(join(source, 'config.json'), 'utf8');
    writeFileSync(join(source, 'config.json'), config.replace(/\}\s*$/, ', "more": 1}'));
    await expect(resumed()).rejects.toMatchObject(refused(/another config.json/));
    writeFileSync(join(source, 'config.json'), config);
    const shard = readdirSync(source).find((name) => name.endsWith('.safetensors')) ?? '';
    const bytes = readFileSync(join(source, shard));
    editInPlace(join(source, shard));
    await expect(resumed()).rejects.toMatchObject(refused(new RegExp(`${shard} changed since`)));
    expect(contents(out)).toEqual(before);
    writeFileSync(join(source, shard), bytes);
    await expect(resumed()).rejects.toMatchObject(refused(new RegExp(`${shard} changed since`)));
    expect(contents(out)).toEqual(before);
  });

  it('does not touch a file that it did not write', async () => {
    await interrupted();
    appendFileSync(join(out, 'notes.txt'), 'mine');
    await expect(resumed()).rejects.toMatchObject({
      tag: 'output-not-empty',
      message: expect.stringContaining('notes.txt'),
    });
  });

  it('keeps its finished shards when it is cancelled, and leaves nothing where that was asked for', async () => {
    const left = await interrupted();
    const cancelled = async (discard: boolean) => {
      const { files, plan } = await planned();
      const { sink, journal } = await openFolderOutput(out, plan, files, { source, unfinished: 'resume' });
      const controller = new AbortController();
      const onProgress = () => controller.abort();
      const options = { files, sink, journal, signal: controller.signal, onProgress, discard };
      await expect(runPlan(plan, options)).rejects.toMatchObject({ tag: 'cancelled' });
    };
    await cancelled(false);
    expect(readdirSync(out)).toEqual([JOURNAL_FILE, ...left]);
    await cancelled(true);
    expect(readdirSync(out)).toEqual([]);
  });
});

describe('what a conversion did not write', () => {
  const refused = (name: string) => ({ tag: 'output-not-empty', message: expect.stringContaining(name) });

  it.each(['resume', 'restart'] as const)(
    'is never removed by who would %s, under whatever name',
    async (unfinished) => {
      await interrupted();
      for (const name of ['README.md', 'config.json', 'moe-loom-report.json', 'model-00005-of-00006.safetensors']) {
        writeFileSync(join(out, name), 'mine');
        const before = readdirSync(out);
        const { files, plan } = await planned();
        const opened = openFolderOutput(out, plan, files, { source, unfinished });
        await expect(opened).rejects.toMatchObject(refused(name));
        expect(readdirSync(out)).toEqual(before);
        expect(readFileSync(join(out, name), 'utf8')).toBe('mine');
        rmSync(join(out, name));
      }
    },
  );

  it('stays where it took the place of a finished shard, also when everything is to be removed', async () => {
    const [first = '', second = ''] = await interrupted(4);
    // The system may give the inode of the removed file to the new one.
    rmSync(join(out, first));
    writeFileSync(join(out, first), 'mine');
    await expect(resumed()).rejects.toMatchObject({ tag: 'output-changed', fields: { file: first } });
    expect(readFileSync(join(out, first), 'utf8')).toBe('mine');
    expect(readdirSync(out)).toContain(second);
    const { files, plan } = await planned();
    await expect(openFolderOutput(out, plan, files, { source, unfinished: 'restart' })).rejects.toMatchObject(
      refused(first),
    );
    expect(readdirSync(out)).toContain(second);
    rmSync(join(out, first));
    await resumed();
    expect(contents(out)).toEqual(await expected());
  });

  it('stays when its name comes up while the conversion runs', async () => {
    const { files, plan } = await planned();
    const { sink, journal } = await openFolderOutput(out, plan, files, { source, unfinished: 'refuse' });
    const onProgress = () => writeFileSync(join(out, 'config.json'), 'mine');
    await expect(runPlan(plan, { files, sink, journal, onProgress })).rejects.toMatchObject(refused('config.json'));
    expect(readFileSync(join(out, 'config.json'), 'utf8')).toBe('mine');
    expect(readdirSync(out)).not.toContain('model.safetensors.index.json');
  });

  it('is not reached through the names of a journal', async () => {
    await interrupted();
    const victim = join(work, 'victim.safetensors');
    writeFileSync(victim, 'mine');
    const journal = readFileSync(join(out, JOURNAL_FILE), 'utf8');
    writeFileSync(join(out, JOURNAL_FILE), journal.replace(/"file":"[^"]+"/, '"file":"../victim.safetensors"'));
    for (const unfinished of ['resume', 'restart', 'refuse'] as const) {
      const { files, plan } = await planned();
      const opened = openFolderOutput(out, plan, files, { source, unfinished });
      await expect(opened).rejects.toMatchObject({ tag: 'path-outside-folder' });
    }
    writeFileSync(join(out, JOURNAL_FILE), 'a letter\n');
    const { files, plan } = await planned();
    const opened = openFolderOutput(out, plan, files, { source, unfinished: 'restart' });
    await expect(opened).rejects.toMatchObject({ tag: 'resume-refused' });
    expect(readFileSync(join(out, JOURNAL_FILE), 'utf8')).toBe('a letter\n');
    expect(readFileSync(victim, 'utf8')).toBe('mine');
  });
});
