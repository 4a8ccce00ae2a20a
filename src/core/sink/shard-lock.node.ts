import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as v from 'valibot';
import { LoomError } from '../errors.ts';
import { readRegular } from '../source/regular-file.node.ts';
import { isRunning, NO_LINKS } from './lock.node.ts';
import { failed } from './write-failed.node.ts';

/** Who writes a shard on a folder that several machines share. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Boot of the system and tick of its start, where the system tells. */
  readonly started: string | null;
  /** Of this one run and no other; it becomes a part of names. */
  readonly token: string;
  /** What a person calls the work: `3/16`. */
  readonly part: string;
  /** Job of a cluster, and how often it was requeued: an earlier run of the same job has ended. */
  readonly job: string | null;
  readonly restart: number;
}

const Schema = v.object({
  host: v.string(),
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  started: v.nullable(v.string()),
  token: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  part: v.string(),
  job: v.nullable(v.string()),
  restart: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** How locks are kept and judged. */
export interface LockPace {
  /** A lock is written again this often. */
  readonly beatMs: number;
  /** A lock that was not written for so long belongs to nobody. */
  readonly staleMs: number;
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** Six beats may be lost before a lock is taken over: attributes of network file systems are up to a minute old. */
export const LOCK_PACE: LockPace = {
  beatMs: 10_000,
  staleMs: 90_000,
  wait: (ms, signal) =>
    setTimeout(ms, undefined, { signal }).catch((cause) => {
      throw new LoomError('cancelled', 'The work was stopped.', {}, cause);
    }),
};

/** A lock as it was found. */
export interface FoundLock {
  /** Null where the file is none of ours. */
  readonly holder: Holder | null;
  /** Time of its last beat, by the clock of the file system. */
  readonly beat: number;
}

export interface ShardLock {
  /** The run whose lock was taken over: it may have left a file half written. */
  readonly after: Holder | null;
  release(): Promise<void>;
}

/**
 * The locks of shards in a folder, one a shard. They spare work; they keep nobody from writing: two machines may both
 * believe that they hold one, and what they then write is the same, under different names, renamed when it is proven.
 *
 * A lock is made by `link` (which network file systems do at once or not at all), and where there are no links by `rename`;
 * nothing rests on exclusive creation. Whether its holder is gone is told by its process on the same host and boot, by its
 * job's number of restarts, and else by the age of its last beat, both times taken from the file system.
 */
export interface ShardLocks {
  /** Takes the lock, or says who holds it. */
  take(name: string): Promise<ShardLock | FoundLock>;
  /** Waits until it is taken. @throws LoomError `output-in-use` once it is seen that its holder is alive. */
  await(name: string, signal: AbortSignal | undefined): Promise<ShardLock>;
  /** Ends the beats. */
  end(): void;
}

export function isTaken(lock: ShardLock | FoundLock): lock is ShardLock {
  return 'release' in lock;
}

export function lockName(name: string): string {
  return `${name}.lock`;
}

interface Held {
  readonly handle: FileHandle;
  readonly text: Uint8Array;
}

export function createShardLocks(folder: string, me: Holder, pace: LockPace = LOCK_PACE): ShardLocks {
  const text = new TextEncoder().encode(JSON.stringify(me));
  const held = new Set<Held>();
  const beat = ({ handle }: Held) =>
    handle
      .write(text, 0, text.byteLength, 0)
      .then(() => handle.datasync())
      // A lock that was taken over, or a server that does not answer: the shard is written all the same.
      .catch(() => undefined);
  const timer = setInterval(() => void Promise.all([...held].map(beat)), pace.beatMs);
  timer.unref();
  const takeOr = async (name: string, force: boolean): Promise<ShardLock | FoundLock> => {
    const path = join(folder, lockName(name));
    const claim = `${path}.${me.token}`;
    const handle = await open(claim, 'w+').catch((cause) => failed(name, cause));
    let kept = false;
    try {
      await handle.write(text, 0, text.byteLength, 0);
      await handle.sync();
      let after: Holder | null = null;
      if (!(await linked(claim, path))) {
        const found = await readShardLock(path);
        const now = (await handle.stat()).mtimeMs;
        if (found && !force && !(await isGone(found, me, now, pace))) return found;
        after = found?.holder ?? null;
        await rename(claim, path);
        const seen = await readShardLock(path);
        // Another machine took it over at the same moment.
        if (seen && seen.holder?.token !== me.token) return seen;
      }
      kept = true;
      const one = { handle, text };
      held.add(one);
      return {
        after,
        release: async () => {
          held.delete(one);
          if ((await readShardLock(path))?.holder?.token === me.token) await rm(path, { force: true });
          await handle.close().catch(() => undefined);
        },
      };
    } catch (cause) {
      return failed(name, cause);
    } finally {
      if (!kept) await handle.close().catch(() => undefined);
      await rm(claim, { force: true });
    }
  };
  return {
    take: (name) => takeOr(name, false),
    await: async (name, signal) => {
      let first: FoundLock | null = null;
      for (let waited = 0; ; waited += pace.beatMs / 2) {
        const lock = await takeOr(name, waited > pace.staleMs);
        if (isTaken(lock)) return lock;
        const same = first !== null && first.holder?.token === lock.holder?.token;
        if ((same && lock.beat !== first?.beat) || (lock.holder && isNear(lock.holder, me))) throw inUse(name, lock);
        if (!same) [first, waited] = [lock, 0];
        await pace.wait(pace.beatMs / 2, signal);
      }
    },
    end: () => clearInterval(timer),
  };
}

/** Gives the claim a further name; false where something has it, or there are no links. */
async function linked(claim: string, path: string): Promise<boolean> {
  return link(claim, path).then(
    () => true,
    (cause) => {
      if (cause?.code === 'EEXIST' || NO_LINKS.has(cause?.code)) return false;
      throw cause;
    },
  );
}

/** Null when it is not there. */
export async function readShardLock(path: string): Promise<FoundLock | null> {
  const info = await stat(path).catch(() => null);
  if (!info) return null;
  const text = await readRegular(path, path).catch(() => '');
  return { holder: parseHolder(text), beat: info.mtimeMs };
}

function parseHolder(text: string): Holder | null {
  try {
    const result = v.safeParse(Schema, JSON.parse(text));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

/** True where the process can be asked: the host and the boot are this one's. */
function isNear(holder: Holder, me: Pick<Holder, 'started'>): boolean {
  return holder.host === hostname() && (holder.started === null || bootOf(holder) === bootOf(me));
}

function bootOf({ started }: Pick<Holder, 'started'>): string {
  return started?.slice(0, started.lastIndexOf(':')) ?? '';
}

/** Whether nobody holds a lock any more. `now`: by the clock that its beats are told by. */
export async function isGone(
  { holder, beat }: FoundLock,
  me: Pick<Holder, 'started' | 'job' | 'restart'>,
  now: number,
  { staleMs }: Pick<LockPace, 'staleMs'> = LOCK_PACE,
): Promise<boolean> {
  if (holder && me.job !== null && holder.job === me.job && holder.restart < me.restart) return true;
  if (holder && isNear(holder, me)) return !(await isRunning(holder));
  return now - beat > staleMs;
}

function inUse(name: string, { holder }: FoundLock): LoomError {
  const who = holder
    ? `part ${holder.part} (process ${holder.pid} on ${holder.host})`
    : 'another process, whose lock cannot be read,';
  const message = `${name} is being written by ${who}. Two parts never write the same shard at once. Wait for it, then run this part again: what is finished is kept.`;
  return new LoomError('output-in-use', message, { file: name });
}
