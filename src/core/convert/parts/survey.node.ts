import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { OutputShard } from '../../plan/types.ts';
import { startOf } from '../../sink/process-start.node.ts';
import { type FoundLock, type Holder, isGone, lockName, readShardLock } from '../../sink/shard-lock.node.ts';
import { PARTS_FOLDER } from '../../sink/staged.node.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { isJoined } from './joined.node.ts';
import { doneName, doneRecord, failedName, recordPath, wholeness } from './place.node.ts';
import { type DoneRecord, type FailedRecord, RECORDS, readRecord } from './records.node.ts';

/** `damaged`: finished once, and since then cut short or replaced. */
export type ShardState = 'done' | 'running' | 'failed' | 'missing' | 'damaged';

/** How far one shard is. */
export interface ShardStatus {
  readonly shard: OutputShard;
  readonly state: ShardState;
  /** What the work was called, and where it is or was done; null where nothing is known. */
  readonly part: string | null;
  readonly host: string | null;
  /** Why it failed, or what is wrong with it. */
  readonly why: string | null;
  readonly record: DoneRecord | null;
  /** What `state` is `failed` for. */
  readonly failure: FailedRecord | null;
}

export interface Survey {
  readonly joined: boolean;
  readonly shards: readonly ShardStatus[];
}

/** What of a plan is done in a folder. Reads the headers of finished shards and their records; writes nothing. */
export async function surveyParts(folder: string, { hash, plan }: PlanFile): Promise<Survey> {
  const root = resolve(folder);
  if (await isJoined(root, plan)) {
    const done = { state: 'done', part: null, host: null, why: null, record: null, failure: null } as const;
    return { joined: true, shards: plan.shards.map((shard) => ({ shard, ...done })) };
  }
  const names = new Set(await readdir(join(root, PARTS_FOLDER)).catch(() => []));
  const me = { started: await startOf(process.pid), job: null, restart: 0 };
  const shards: ShardStatus[] = [];
  for (const shard of plan.shards) shards.push(await statusOf(root, shard, hash, names, me));
  return { joined: false, shards };
}

async function statusOf(
  root: string,
  shard: OutputShard,
  hash: string,
  names: ReadonlySet<string>,
  me: Pick<Holder, 'started' | 'job' | 'restart'>,
): Promise<ShardStatus> {
  const record = names.has(doneName(shard.file)) ? await doneRecord(root, shard, hash) : null;
  const state = record ? await wholeness(root, shard) : 'absent';
  if (record && state === 'whole')
    return { shard, state: 'done', part: record.part, host: record.host, why: null, record, failure: null };
  const lock = names.has(lockName(shard.file)) ? await readShardLock(recordPath(root, lockName(shard.file))) : null;
  if (lock && !(await isLeft(lock, me)))
    return {
      shard,
      state: 'running',
      part: lock.holder?.part ?? null,
      host: lock.holder?.host ?? null,
      why: null,
      record,
      failure: null,
    };
  const broken = names.has(failedName(shard.file))
    ? await readRecord(recordPath(root, failedName(shard.file)), RECORDS.failed)
    : null;
  if (broken && broken.plan === hash)
    return {
      shard,
      state: 'failed',
      part: broken.part,
      host: broken.host,
      why: broken.message,
      record,
      failure: broken,
    };
  if (record && state !== 'absent') {
    const why = state === 'cut' ? 'it is cut short' : 'another file has its name';
    return { shard, state: 'damaged', part: record.part, host: record.host, why, record, failure: null };
  }
  const holder = lock?.holder ?? null;
  const why = lock ? `the run that wrote it ended${holder ? ` (process ${holder.pid} on ${holder.host})` : ''}` : null;
  return {
    shard,
    state: 'missing',
    part: holder?.part ?? null,
    host: holder?.host ?? null,
    why,
    record,
    failure: null,
  };
}

/** Ages are taken by this host's clock, because nothing is written: for reading only, it need not be exact. */
function isLeft(lock: FoundLock, me: Pick<Holder, 'started' | 'job' | 'restart'>): Promise<boolean> {
  return isGone(lock, me, Date.now());
}
