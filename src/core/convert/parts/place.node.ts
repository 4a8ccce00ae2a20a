import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isLoomError, LoomError } from '../../errors.ts';
import type { OutputShard } from '../../plan/types.ts';
import { assertOutside } from '../../sink/claim.node.ts';
import { startOf } from '../../sink/process-start.node.ts';
import {
  createShardLocks,
  type Holder,
  LOCK_PACE,
  type LockPace,
  type ShardLocks,
} from '../../sink/shard-lock.node.ts';
import { createStagedSink, isStagedBy, PARTS_FOLDER, stagedPath } from '../../sink/staged.node.ts';
import { syncFolder } from '../../sink/sync-folder.node.ts';
import type { Sink } from '../../sink/types.ts';
import { failed } from '../../sink/write-failed.node.ts';
import { openRegular } from '../../source/regular-file.node.ts';
import type { FinishedShard } from '../journal.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { isJoined } from './joined.node.ts';
import { type DoneRecord, finishedOf, RECORDS, type RunRecord, readRecord, writeRecord } from './records.node.ts';

export interface PartPlaceOptions {
  /** The path that is read, so that the output cannot lie inside it. */
  readonly source?: string | undefined;
  /** What the work is called: `3/16`, `shards 12-40`, `join`. */
  readonly part: string;
  /** Job of a cluster and its restarts, see `jobOf`. */
  readonly job?: { readonly id: string; readonly restart: number } | undefined;
  readonly pace?: LockPace | undefined;
  /** False where nothing is begun: then no folder is made. */
  readonly begins?: boolean | undefined;
}

/** An output folder that several machines write to, as one run sees it. */
export interface PartPlace {
  readonly root: string;
  /** In the names of what this run writes: host, part and run. */
  readonly tag: string;
  /** True where everything was joined before: nothing is to be done. */
  readonly joined: boolean;
  readonly locks: ShardLocks;
  /** Where runners write; a shard has no name until `publish`. */
  readonly sink: Pick<Sink, 'create' | 'files' | 'remove'>;
  /** The path of a shard that has no name yet. */
  staged(shard: OutputShard): string;
  /** What is known of a shard that is whole and proven; null for every other one. */
  finished(shard: OutputShard): Promise<FinishedShard | null>;
  /** Notes that a staged shard is proven, then gives it its name. */
  publish(shard: OutputShard, made: FinishedShard): Promise<void>;
  /** A finished shard is one no more. */
  forget(shard: OutputShard): Promise<void>;
  noteFailure(shard: OutputShard, error: unknown): Promise<void>;
  noteRun(run: Pick<RunRecord, 'seconds' | 'engine' | 'sources'>): Promise<void>;
  /** Removes what the run of this token left half written. */
  sweep(token: string): Promise<void>;
  close(): void;
}

export const recordPath = (root: string, name: string) => join(root, PARTS_FOLDER, name);
export const doneName = (file: string) => `${file}.done`;
export const failedName = (file: string) => `${file}.failed`;
export const JOINING_NAME = 'joining.json';
export const isMarker = (name: string) => /^plan\.[0-9a-f]{64}\.json$/.test(name);
const markerName = (hash: string) => `plan.${hash}.json`;

/**
 * Opens an output folder for the parts of one plan. Any number of processes on any number of machines may have it open.
 *
 * @throws LoomError `plan-differs` where it holds parts of another plan, `output-not-empty` where it holds anything else,
 * `output-inside-source`, `write-failed`.
 */
export async function openPartPlace(
  folder: string,
  planFile: PlanFile,
  { source, part, job, pace = LOCK_PACE, begins = true }: PartPlaceOptions,
): Promise<PartPlace> {
  const root = resolve(folder);
  const { hash, plan } = planFile;
  if (source !== undefined) await assertOutside(root, source);
  const me = await holderOf(part, job);
  const joined = await isJoined(root, plan);
  if (!joined && begins) {
    await assertOnlyParts(root, planFile);
    const marked = await markPlan(root, planFile, me.token);
    await assertOnlyParts(root, planFile).catch(async (error: unknown) => {
      if (marked) await rm(marked, { force: true });
      throw error;
    });
  } else if (!joined) await assertOnlyParts(root, planFile);
  const tag = `${safeName(me.host)}.${safeName(part)}.${me.token}`;
  const locks = createShardLocks(join(root, PARTS_FOLDER), me, pace);
  const by = () => ({ version: 1 as const, plan: hash, host: me.host, part, at: new Date().toISOString() });
  const finished = async (shard: OutputShard) => {
    const record = await doneRecord(root, shard, hash);
    return record && (await wholeness(root, shard)) === 'whole' ? finishedOf(record) : null;
  };
  return {
    root,
    tag,
    joined,
    locks,
    sink: createStagedSink(root, tag),
    staged: (shard) => stagedPath(root, shard.file, tag),
    finished,
    publish: async (shard, made) => {
      const path = recordPath(root, doneName(shard.file));
      if ((await wholeness(root, shard)) === 'foreign') throw foreignFile(root, shard.file);
      const record: DoneRecord = {
        ...by(),
        byteLength: shard.byteLength,
        ...made,
        digests: made.digests.map(([name, hashes]) => [name, [...hashes]]),
        inputs: made.inputs?.map(([name, spans]) => [name, spans.map((hashes) => [...hashes])]),
      };
      try {
        await writeRecord(path, record, me.token);
        await rename(stagedPath(root, shard.file, tag), join(root, shard.file));
        await syncFolder(root);
      } catch (cause) {
        // Another machine took the work over, and has finished it.
        if ((await finished(shard)) || (await isJoined(root, plan))) return;
        failed(shard.file, cause);
      }
      await rm(recordPath(root, failedName(shard.file)), { force: true });
    },
    forget: async ({ file }) => {
      await rm(join(root, file), { force: true });
      await rm(recordPath(root, doneName(file)), { force: true });
    },
    noteFailure: async ({ file }, error) => {
      const [tag, message] = isLoomError(error) ? [error.tag, error.message] : ['internal', String(error)];
      const record = { ...by(), tag, message };
      await writeRecord(recordPath(root, failedName(file)), record, me.token).catch(() => undefined);
    },
    noteRun: (run) => writeRecord(recordPath(root, `run.${me.token}.json`), { ...by(), ...run }, me.token),
    sweep: async (token) => {
      for (const name of await readdir(join(root, PARTS_FOLDER)).catch(() => []))
        if (isStagedBy(name, token)) await rm(recordPath(root, name), { force: true });
    },
    close: () => locks.end(),
  };
}

async function holderOf(part: string, job: PartPlaceOptions['job']): Promise<Holder> {
  const started = await startOf(process.pid);
  const token = randomUUID();
  return { host: hostname(), pid: process.pid, started, token, part, job: job?.id ?? null, restart: job?.restart ?? 0 };
}

function safeName(text: string): string {
  return text.replaceAll(/[^\w-]+/g, '-').slice(0, 40);
}

/** The record of a proven shard of this plan. */
export async function doneRecord(root: string, { file }: OutputShard, hash: string): Promise<DoneRecord | null> {
  const record = await readRecord(recordPath(root, doneName(file)), RECORDS.done);
  return record?.plan === hash && record.file === file ? record : null;
}

/** Whether a shard in the folder has the size and the header of the plan; `foreign` where it begins in another way. */
export async function wholeness(root: string, shard: OutputShard): Promise<'whole' | 'cut' | 'foreign' | 'absent'> {
  // Opening asks a network file system for the file as it is now; a name's attributes may be a minute old.
  const handle = await openRegular(join(root, shard.file), shard.file).catch((cause) => {
    if ((cause as { code?: unknown }).code === 'ENOENT') return null;
    throw cause;
  });
  if (handle === null) return 'absent';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, shard.header.byteLength);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await handle.read(bytes, at, length - at, at);
      if (bytesRead === 0) return 'cut';
      at += bytesRead;
    }
    if (Buffer.compare(bytes, shard.header.subarray(0, length)) !== 0) return 'foreign';
    return size === shard.byteLength ? 'whole' : 'cut';
  } finally {
    await handle.close();
  }
}

/** Notes the plan, then looks for others: of two that begin at once, one at least sees the other. Gives what it wrote. */
async function markPlan(root: string, { hash, plan }: PlanFile, token: string): Promise<string | null> {
  const work = join(root, PARTS_FOLDER);
  await mkdir(work, { recursive: true }).catch((cause) => failed(root, cause));
  const path = join(work, markerName(hash));
  const known = await readRecord(path, RECORDS.marker);
  if (known === null)
    await writeRecord(path, { version: 1, plan: hash, target: plan.target, source: plan.source }, token);
  return known === null ? path : null;
}

/** @throws LoomError `plan-differs`, `output-not-empty`. */
export async function assertOnlyParts(root: string, { hash, plan }: PlanFile): Promise<void> {
  const work = join(root, PARTS_FOLDER);
  const names = await readdir(work).catch(() => []);
  const other = names.find((name) => isMarker(name) && name !== markerName(hash));
  if (other !== undefined) throw await otherPlan(root, other, names);
  const joining = await readRecord(join(work, JOINING_NAME), RECORDS.joining);
  const known = new Set([PARTS_FOLDER, ...(joining?.plan === hash ? joining.files : [])]);
  const shards = new Map(plan.shards.map((shard) => [shard.file, shard]));
  for (const name of await readdir(root).catch(() => [])) {
    // What a file system of NFS calls an open file that was removed.
    if (name.startsWith('.nfs') || known.has(name) || [...known].some((file) => file.startsWith(`${name}/`))) continue;
    const shard = shards.get(name);
    if (shard && (await doneRecord(root, shard, hash))) continue;
    throw foreignFile(root, name);
  }
}

function foreignFile(root: string, name: string): LoomError {
  const message = `${name} in ${root} was not written by a part of this plan. It is not touched: move it out of the folder, or name another folder.`;
  return new LoomError('output-not-empty', message, { file: name });
}

async function otherPlan(root: string, marker: string, names: readonly string[]): Promise<LoomError> {
  const other = await readRecord(recordPath(root, marker), RECORDS.marker);
  const done: string[] = [];
  for (const name of names.filter((each) => each.endsWith('.done'))) {
    const record = await readRecord(recordPath(root, name), RECORDS.done);
    if (record && record.plan === other?.plan) done.push(`${record.file} (part ${record.part} on ${record.host})`);
  }
  const what = other ? `to ${other.target} from ${other.source}` : 'that cannot be read';
  const which = done.length > 0 ? `: ${done.slice(0, 3).join(', ')}${done.length > 3 ? ' and others' : ''}` : '';
  const message = `${root} holds parts of another plan, ${what}${which}. Use the plan file that they were made with, or name another folder; to give them up, remove the folder.`;
  return new LoomError('plan-differs', message, { file: root });
}
