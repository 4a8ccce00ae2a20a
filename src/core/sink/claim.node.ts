import { mkdir, readdir, realpath, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { LoomError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { nearestReal, temporaryOf } from './folder-file.node.ts';
import { JOURNAL_FILE } from './ledger.node.ts';
import { isLockName, lockFolder } from './lock.node.ts';
import { syncFolder } from './sync-folder.node.ts';
import { failed } from './write-failed.node.ts';

/** An output folder that exists and that no other process writes to. */
export interface ClaimedFolder {
  readonly root: string;
  /** Lets others in; the folder stays. */
  unlock(): Promise<void>;
  /** Lets others in, and removes the folder if it was made for this and is empty. */
  giveBack(): Promise<void>;
}

/**
 * Makes a folder unless it is there, and locks it. Where `fresh`, it holds nothing.
 *
 * @throws LoomError `output-inside-source`, `output-not-empty` and `output-in-use`, before anything was made or after it was taken
 * back; `write-failed`.
 */
export async function claimFolder(path: string, fresh: boolean, source?: string): Promise<ClaimedFolder> {
  const root = resolve(path);
  if (source !== undefined) await assertOutside(root, resolve(source));
  if (fresh) await assertOnly(root, []);
  const created = await mkdir(root, { recursive: true }).catch((cause) => failed(root, cause));
  const removeCreated = async () => {
    if (created !== undefined) await rmdir(root).catch(() => undefined);
  };
  if (created !== undefined) await syncFolder(dirname(created)).catch((cause) => failed(root, cause));
  const unlock = await lockFolder(root).catch(async (error: unknown) => {
    await removeCreated();
    throw error;
  });
  const giveBack = async () => {
    await unlock();
    await removeCreated();
  };
  if (fresh) {
    await assertOnly(root, []).catch(async (error: unknown) => {
      await giveBack();
      throw error;
    });
  }
  return { root, unlock, giveBack };
}

/** @throws LoomError `output-not-empty` when the folder is a file, or holds a file that is neither planned nor a journal or lock. */
export async function assertOnly(root: string, planned: readonly string[]): Promise<void> {
  const info = await stat(root).catch(() => null);
  if (!info) return;
  if (!info.isDirectory()) {
    throw new LoomError('output-not-empty', `${root} is a file; name a folder for the output.`, { file: root });
  }
  const known = new Set(planned.flatMap((name) => [name, relative(root, temporaryOf(join(root, name)))]));
  for (const name of planned.length > 0 ? await namesIn(root) : await readdir(root)) {
    if (name === JOURNAL_FILE || isLockName(name) || known.has(name)) continue;
    const message = `The output folder ${root} is not empty (it holds ${name}). Name a new folder.`;
    throw new LoomError('output-not-empty', message, { file: root });
  }
}

/** Every file below a folder, by its path in it. */
async function namesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

/** @throws LoomError `output-inside-source`. */
export async function assertOutside(root: string, source: string): Promise<void> {
  const realSource = await realpath(source);
  if (!isInside(await nearestReal(root), realSource)) return;
  const message = `The output ${root} is the source or lies inside it. Name a folder elsewhere.`;
  throw new LoomError('output-inside-source', message, { file: root });
}
