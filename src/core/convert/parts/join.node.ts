import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createBudget } from '../../budget.ts';
import { LoomError } from '../../errors.ts';
import { plannedSideFiles } from '../../plan/side-files.ts';
import type { ConversionPlan } from '../../plan/types.ts';
import { INDEX_FILE } from '../../safetensors/index-file.ts';
import { placeIn, writtenFile } from '../../sink/folder-file.node.ts';
import { isTaken } from '../../sink/shard-lock.node.ts';
import { PARTS_FOLDER } from '../../sink/staged.node.ts';
import { syncFolder } from '../../sink/sync-folder.node.ts';
import type { Sink } from '../../sink/types.ts';
import { failed } from '../../sink/write-failed.node.ts';
import { openLocal } from '../../source/folder.node.ts';
import { readRegular } from '../../source/regular-file.node.ts';
import type { FileSet } from '../../source/types.ts';
import { plural } from '../../units.ts';
import { readBack } from '../../verify/read-back.ts';
import { type CreateStreamDigest, createStreamDigest } from '../../verify/stream-digest.ts';
import { digestsOf } from '../journal.ts';
import { assertSource, weightFiles, withPlannedHashes } from '../plan-file/source.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { type ConversionReport, reportOf } from '../report.ts';
import { type EngineUse, mergeUses } from '../runners.ts';
import { createSourceCheck } from '../source-check.ts';
import type { SourceHashes } from '../source-hashes.ts';
import { writeBeside } from '../write-beside.ts';
import { doneName, failedName, JOINING_NAME, type PartPlace, recordPath, wholeness } from './place.node.ts';
import { type DoneRecord, finishedOf, RECORDS, type RunRecord, readRecord, writeRecord } from './records.node.ts';
import { type ShardStatus, surveyParts } from './survey.node.ts';

export interface JoinOptions {
  /** Opened as the part `join`, with `begins: false`. */
  readonly place: PartPlace;
  readonly files: FileSet;
  /** Reads every byte of every shard again, and compares with what was read from the source. */
  readonly readBack?: boolean | undefined;
  readonly streamDigest?: CreateStreamDigest | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of a shard that were read back. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface JoinReport {
  readonly report: ConversionReport;
  /** True where the folder had been joined before, and nothing was done. */
  readonly before: boolean;
}

/** Records that a join removes. */
const GONE = `${PARTS_FOLDER}.gone.`;
/** Names in one message. */
const NAMED = 5;

/**
 * Writes what a conversion on one machine writes beside its shards, once every shard of the plan is there: finished by a part
 * of this plan, with its size and header as this host reads them. The index comes last, and then the records of the parts are
 * removed. A join that was ended is run again.
 *
 * @throws LoomError `parts-incomplete` naming shards that are missing, cut short, failed or still being written, `plan-differs`,
 * `source-changed`, `output-not-empty`, `output-in-use`, `verify-failed`.
 */
export async function joinParts(planFile: PlanFile, options: JoinOptions): Promise<JoinReport> {
  const { place, files, signal } = options;
  const { root } = place;
  const { plan } = planFile;
  if (place.joined) {
    for (const name of (await readdir(root)).filter((each) => each.startsWith(GONE)))
      await rm(join(root, name), { recursive: true, force: true });
    return { report: await oldReport(root), before: true };
  }
  if (!(await stat(join(root, PARTS_FOLDER)).catch(() => null)))
    assertAllDone((await surveyParts(root, planFile)).shards, root);
  const lock = await place.locks.await('join', signal);
  if (!isTaken(lock)) throw new TypeError('a lock that was waited for is taken');
  try {
    const survey = await surveyParts(root, planFile);
    assertAllDone(survey.shards, root);
    const names = await readdir(join(root, PARTS_FOLDER));
    assertNoneForeign(plan, names, root);
    const source = planFile.source;
    await assertSource(source, files, [...weightFiles(plan.shards), ...plan.copies.map(({ file }) => file)], signal);
    const records = survey.shards.flatMap(({ record }) => record ?? []);
    const runs = await runsOf(root, names, planFile.hash);
    const known = hashesOf(plan, runs);
    if (options.readBack) await readAllBack(plan, records, options);
    const sourceHashes = options.readBack ? await checkShared(planFile, records, known, options) : known;
    const report = await writeAll(planFile, options, { records, runs, sourceHashes });
    await removeWork(root, place.tag);
    return { report, before: false };
  } finally {
    await lock.release();
  }
}

/** The report of an earlier join, which is this program's own file. */
async function oldReport(root: string): Promise<ConversionReport> {
  const name = 'moe-loom-report.json';
  const text = await readRegular(join(root, name), name).catch((cause) => failed(name, cause));
  return JSON.parse(text) as ConversionReport;
}

function assertAllDone(shards: readonly ShardStatus[], root: string): void {
  const open_ = shards.filter(({ state }) => state !== 'done');
  if (open_.length === 0) return;
  const said = open_.slice(0, NAMED).map(({ shard, state, part, host, why }) => {
    const who = part === null ? '' : ` (part ${part}${host === null ? '' : ` on ${host}`})`;
    return `${shard.file} is ${WORDS[state]}${who}${why === null ? '' : `: ${why}`}`;
  });
  const more = open_.length > NAMED ? `; and ${plural(open_.length - NAMED, 'more shard')}` : '';
  const message = `${open_.length} of ${plural(shards.length, 'shard')} in ${root} cannot be joined: ${said.join('; ')}${more}. Run the parts that hold them again; finished shards are skipped.`;
  throw new LoomError('parts-incomplete', message, { file: open_[0]?.shard.file ?? root });
}

const WORDS: Readonly<Record<ShardStatus['state'], string>> = {
  done: 'done',
  running: 'being written',
  failed: 'failed',
  missing: 'missing',
  damaged: 'damaged',
};

/** Records of shards that the plan does not have. */
function assertNoneForeign({ shards }: ConversionPlan, names: readonly string[], root: string): void {
  const known = new Set(shards.flatMap(({ file }) => [doneName(file), failedName(file)]));
  const foreign = names.find((name) => /\.(done|failed)$/.test(name) && !known.has(name));
  if (foreign === undefined) return;
  const message = `${root} holds a part of another plan: ${foreign} is a record of no shard of this plan. Use the plan file that the parts were made with, or name another folder.`;
  throw new LoomError('plan-differs', message, { file: foreign });
}

async function readAllBack(
  plan: ConversionPlan,
  records: readonly DoneRecord[],
  { place, signal, onBytes }: JoinOptions,
): Promise<void> {
  const budget = createBudget();
  const files: FileSet = await openLocal(place.root);
  const known = new Map(records.map((record) => [record.file, record]));
  for (const shard of plan.shards) {
    const record = known.get(shard.file);
    if (!record) continue;
    const digests = digestsOf(finishedOf(record));
    try {
      await readBack({ shard, digests, files, budget, signal, onBytes: (bytes) => onBytes?.(bytes) });
    } catch (error) {
      if (error instanceof LoomError && error.tag === 'verify-failed') {
        await place.forget(shard);
        const message = `${shard.file} reads back differently from what part ${record.part} wrote on ${record.host}. It was removed; run that part again, then join.`;
        throw new LoomError('verify-failed', message, error.fields, error);
      }
      throw error;
    }
  }
}

/** The stated SHA-256 of source files that no part read as a whole: their bytes are taken from the shards of all parts. */
async function checkShared(
  { plan, source }: PlanFile,
  records: readonly DoneRecord[],
  known: SourceHashes,
  { place, files, signal, streamDigest }: JoinOptions,
): Promise<SourceHashes> {
  const stated = withPlannedHashes(files, source);
  const open: FileSet['open'] = async (name, options) => {
    const opened = await stated.open(name, options);
    return known.checked.includes(name) ? { ...opened, sha256: undefined } : opened;
  };
  const check = createSourceCheck({
    plan,
    files: { ...files, open },
    output: await openLocal(place.root),
    digest: streamDigest ?? createStreamDigest,
    signal,
    onError: () => undefined,
  });
  for (const record of records) check.finished(finishedOf(record));
  const found = await check.finish();
  const checked = [...known.checked, ...found.checked].sort();
  const open_ = (names: readonly string[]) => names.filter((name) => !checked.includes(name));
  return { checked, unchecked: open_(found.unchecked), partlyRead: open_(found.partlyRead) };
}

async function runsOf(root: string, names: readonly string[], hash: string): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const name of names.filter((each) => each.startsWith('run.')).sort()) {
    const run = await readRecord(recordPath(root, name), RECORDS.run);
    if (run?.plan === hash) runs.push(run);
  }
  return runs;
}

interface Known {
  readonly records: readonly DoneRecord[];
  readonly runs: readonly RunRecord[];
  readonly sourceHashes: SourceHashes;
}

async function writeAll(
  { hash, plan, card }: PlanFile,
  { place, files, signal, streamDigest }: JoinOptions,
  { records, runs, sourceHashes }: Known,
): Promise<ConversionReport> {
  const { root, tag } = place;
  const beside = [...plannedSideFiles(plan), ...(card ? ['README.md', ...Object.keys(card.pictures)] : [])];
  await assertFree(root, beside, hash);
  await writeRecord(recordPath(root, JOINING_NAME), { version: 1, plan: hash, files: beside }, tag);
  const sums = records.flatMap(({ file, sha256 }) => (sha256 === undefined ? [] : [[file, sha256] as const]));
  const made = (copied: readonly string[]) =>
    reportOf(plan, {
      source: plan.source,
      engine: engineOf(runs),
      kept: 0,
      sha256: sums.length === plan.shards.length ? Object.fromEntries(sums) : null,
      sourceHashes: { ...sourceHashes, checked: [...sourceHashes.checked, ...copied] },
      seconds: secondsOf(runs),
    });
  return writeBeside(plan, {
    files,
    sink: sinkOver(root, tag),
    signal,
    streamDigest,
    ...(card ? { card: () => card.text, pictures: card.pictures } : {}),
    report: made,
    note: async () => undefined,
    insist: async () => {
      for (const shard of plan.shards) {
        const state = await wholeness(root, shard);
        if (state === 'whole') continue;
        const message = `${shard.file} in ${root} was changed or removed during the join. Run its part again, then join.`;
        throw new LoomError('parts-incomplete', message, { file: shard.file });
      }
    },
  });
}

/** @throws LoomError `output-not-empty` for a file that an earlier join of this plan did not write. */
async function assertFree(root: string, beside: readonly string[], hash: string): Promise<void> {
  const earlier = await readRecord(recordPath(root, JOINING_NAME), RECORDS.joining);
  const own = new Set(earlier?.plan === hash ? earlier.files : []);
  const there = new Set(await readdir(root, { recursive: true }));
  const taken = beside.find((name) => there.has(name) && !own.has(name));
  if (taken === undefined) return;
  const message = `${taken} in ${root} was not written by this join. It is not touched: move it out of the folder, then join again.`;
  throw new LoomError('output-not-empty', message, { file: taken });
}

/** Files that take the place of those of an earlier join, each whole. */
function sinkOver(root: string, tag: string): Pick<Sink, 'create'> {
  return {
    create: async (name, byteLength) => {
      const final = await placeIn(root, name);
      const temporary = recordPath(root, `${name.replaceAll('/', '+')}.${tag}.tmp`);
      await mkdir(dirname(final), { recursive: true }).catch((cause) => failed(name, cause));
      const handle = await open(temporary, 'w').catch((cause) => failed(name, cause));
      return writtenFile({ handle, temporary, name, byteLength }, async () => {
        await rename(temporary, final).catch((cause) => failed(name, cause));
        await syncFolder(dirname(final)).catch((cause) => failed(name, cause));
      });
    },
  };
}

function hashesOf(plan: ConversionPlan, runs: readonly RunRecord[]): SourceHashes {
  const checked = new Set(runs.flatMap(({ sources }) => sources.checked));
  const partly = new Set(runs.flatMap(({ sources }) => sources.partlyRead).filter((name) => !checked.has(name)));
  const unchecked = weightFiles(plan.shards).filter((name) => !checked.has(name));
  return { checked: [...checked].sort(), unchecked, partlyRead: [...partly].sort() };
}

function engineOf(runs: readonly RunRecord[]): EngineUse {
  return mergeUses(runs.map(({ engine }) => engine as unknown as EngineUse));
}

function secondsOf(runs: readonly RunRecord[]): NonNullable<ConversionReport['seconds']> {
  const sum = (key: 'write' | 'verify' | 'rest') => runs.reduce((total, { seconds }) => total + seconds[key], 0);
  return { write: sum('write'), verify: sum('verify'), rest: sum('rest') };
}

/** The records go at once, then one by one: a join that is ended between finds a joined folder. */
async function removeWork(root: string, tag: string): Promise<void> {
  const gone = join(root, `${GONE}${tag}`);
  await rename(join(root, PARTS_FOLDER), gone).catch((cause) => failed(INDEX_FILE, cause));
  await rm(gone, { recursive: true, force: true });
}
