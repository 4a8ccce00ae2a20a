import { randomUUID } from 'node:crypto';
import { link, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LoomError } from '../errors.ts';
import { readRegular } from '../source/regular-file.node.ts';
import { startOf } from './process-start.node.ts';
import { failed } from './write-failed.node.ts';

/** The lock of an output folder. Names that begin with it and a dot are steps on the way to it. */
export const LOCK_FILE = '.moe-loom-lock';
/** Each try follows a lock that another process let go of meanwhile, or that was stale. */
const TRIES = 50;
/** What file systems without hard links say (FAT, some network and user-space file systems). */
export const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']);

/** Who holds a lock. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as far as the system tells: a number that is used again is then another process. */
  readonly started: string | null;
  /** Of this one lock and no other. */
  readonly token: string;
}

interface FoundLock {
  readonly text: string;
  /** Null where the text is none of ours. */
  readonly owner: Owner | null;
}

/** A lock file that is written and has no name yet that counts. */
interface Claim {
  readonly root: string;
  readonly path: string;
  readonly text: string;
  readonly token: string;
}

/** Tokens of locks that this process holds. */
const held = new Set<string>();

/** True for names that locks of an output folder have, and steps on the way to one. */
export function isLockName(name: string): boolean {
  return name === LOCK_FILE || name.startsWith(`${LOCK_FILE}.`);
}

/**
 * Keeps other processes out of a folder; gives what lets them in again.
 *
 * A lock is written under a private name and gets its own by `link`, so it is never seen half written, and of several
 * processes one alone gets it. A lock is stale when its process is gone on this host; any other one counts as held, also
 * one that cannot be read. A stale lock is moved away only by the one process that linked its claim to the name made of
 * that lock's token: a lock that somebody else has taken meanwhile is never moved.
 * @throws LoomError `output-in-use`, `write-failed`.
 */
export async function lockFolder(root: string): Promise<() => Promise<void>> {
  const path = join(root, LOCK_FILE);
  const there = await readLock(path);
  if (there !== null && (there.owner === null || (await isHeld(there.owner)))) throw inUse(root, path, there);
  const claim = await writeClaim(root);
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await take(claim, path)) {
        await flush(path).catch((cause) => failed(LOCK_FILE, cause));
        await sweep(claim);
        return () => release(path, claim);
      }
      const found = await readLock(path);
      if (found === null) continue;
      if (found.owner === null || (await isHeld(found.owner))) throw inUse(root, path, found);
      await removeStale(path, found.text, found.owner, claim);
    }
    throw inUse(root, path, null);
  } catch (error) {
    held.delete(claim.token);
    throw error;
  } finally {
    await rm(claim.path, { force: true });
  }
}

async function writeClaim(root: string): Promise<Claim> {
  const token = randomUUID();
  const owner: Owner = { pid: process.pid, host: hostname(), started: await startOf(process.pid), token };
  const claim = { root, path: join(root, `${LOCK_FILE}.claim.${token}`), text: JSON.stringify(owner), token };
  held.add(token);
  await writeFile(claim.path, claim.text, { flag: 'wx' }).catch((cause) => {
    held.delete(token);
    failed(LOCK_FILE, cause);
  });
  return claim;
}

/** After a loss of power an empty lock would count as held for ever. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives the claim a further name; false when something has it. */
async function take(claim: Claim, path: string): Promise<boolean> {
  try {
    await link(claim.path, path).catch((cause) => {
      if (!NO_LINKS.has(cause?.code)) throw cause;
      return writeFile(path, claim.text, { flag: 'wx' });
    });
    return true;
  } catch (cause) {
    return (cause as { code?: unknown }).code === 'EEXIST' ? false : failed(LOCK_FILE, cause);
  }
}

/**
 * Removes a stale lock. The right to do so is a name made of its token, which one process gets; of a process that died
 * with the right, the right is inherited in the same way.
 *
 * @throws LoomError `output-in-use` when a living process has the right: it is about to hold the lock.
 */
async function removeStale(path: string, text: string, stale: Owner, claim: Claim): Promise<void> {
  const rights: string[] = [];
  for (let owner = stale; ; ) {
    const right = join(claim.root, `${LOCK_FILE}.over.${owner.token}`);
    rights.push(right);
    if (await take(claim, right)) break;
    const holder = await readLock(right);
    if (holder === null) return;
    if (holder.owner === null || (await isHeld(holder.owner))) throw inUse(claim.root, right, holder);
    owner = holder.owner;
  }
  if ((await readLock(path))?.text === text) await moveAway(path, text, claim);
  for (const right of rights.reverse()) await rm(right, { force: true });
}

/** Renames a lock to a private name and removes it there, if it is the one that was judged; any other is put back. */
async function moveAway(path: string, text: string, claim: Claim): Promise<void> {
  const aside = join(claim.root, `${LOCK_FILE}.gone.${claim.token}`);
  await rename(path, aside).catch((cause) => {
    if (cause?.code !== 'ENOENT') failed(LOCK_FILE, cause);
  });
  const moved = await readLock(aside);
  if (moved !== null && moved.text !== text) await link(aside, path).catch((cause) => failed(LOCK_FILE, cause));
  await rm(aside, { force: true });
}

async function release(path: string, { text, token }: Claim): Promise<void> {
  if ((await readLock(path))?.text === text) await rm(path, { force: true });
  held.delete(token);
}

/** Removes what processes that are gone left on the way to this lock, which the caller now holds. */
async function sweep(claim: Claim): Promise<void> {
  for (const name of await readdir(claim.root).catch(() => [])) {
    if (!name.startsWith(`${LOCK_FILE}.`)) continue;
    const path = join(claim.root, name);
    const found = await readLock(path);
    if (found?.owner && !(await isHeld(found.owner))) await rm(path, { force: true });
  }
}

/** Null when it is not there. */
async function readLock(path: string): Promise<FoundLock | null> {
  try {
    const text = await readRegular(path, LOCK_FILE);
    return { text, owner: parseOwner(text) };
  } catch (cause) {
    return (cause as { code?: unknown }).code === 'ENOENT' ? null : { text: '', owner: null };
  }
}

function parseOwner(text: string): Owner | null {
  try {
    const { pid, host, started, token } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || typeof host !== 'string') return null;
    // The token becomes a part of a name.
    const safe = typeof token === 'string' && /^[\w-]{1,64}$/.test(token) ? token : `pid-${pid}`;
    return { pid: pid as number, host, started: typeof started === 'string' ? started : null, token: safe };
  } catch {
    return null;
  }
}

/** False when the process is gone, or another one has its number now. */
async function isHeld(owner: Owner): Promise<boolean> {
  return owner.host !== hostname() || held.has(owner.token) || (await isRunning(owner));
}

/** Whether a process of this host runs: not one that has its number by now. */
export async function isRunning({ pid, started }: Pick<Owner, 'pid' | 'started'>): Promise<boolean> {
  const now = await startOf(pid);
  if (now !== null && started !== null) return now === started;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as { code?: unknown }).code === 'EPERM';
  }
}

function inUse(root: string, path: string, found: FoundLock | null): LoomError {
  const owner = found?.owner;
  const who = owner ? `Process ${owner.pid} on ${owner.host}` : 'Another process';
  const way = owner?.host === hostname() ? 'if it has hung, end it' : `if it is not running, remove ${path}`;
  const message = `${who} is writing to ${root}. Wait for it, or name another folder; ${way}.`;
  return new LoomError('output-in-use', message, { file: root });
}
