import { createHash } from 'node:crypto';
import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isLoomError, LoomError } from '../errors.ts';
import { readRegular } from '../source/regular-file.node.ts';
import { createPublishJournal, type PublishJournal } from './journal.ts';
import type { PublishTarget } from './types.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where journals of publications lie: `moe-loom/publish` in `XDG_CACHE_HOME`, else in `~/.cache`. */
export function publishCache(env: Environment): string {
  const { XDG_CACHE_HOME = '' } = env;
  return join(XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME, 'moe-loom', 'publish');
}

/**
 * The journal of publishing a folder to a branch. It lies in the user's cache and not in the folder, which may be read-only,
 * or be copied with it: it holds signed addresses, so that its file and folder are for this user alone (0600, 0700).
 *
 * @throws LoomError `write-failed`, `read-failed`.
 */
export async function openPublishJournal(
  { repo, branch, endpoint, folder }: PublishTarget & { readonly endpoint: string; readonly folder: string },
  env: Environment,
): Promise<PublishJournal> {
  const cache = publishCache(env);
  const id = createHash('sha256')
    .update(JSON.stringify([endpoint, repo, branch, folder]))
    .digest('hex')
    .slice(0, 32);
  const path = join(cache, `${id}.jsonl`);
  const text = await readRegular(path, path).catch((cause) => {
    if (cause?.code === 'ENOENT' || cause?.code === 'ENOTDIR') return '';
    if (isLoomError(cause)) throw cause;
    throw new LoomError('read-failed', `${path} cannot be read: ${cause?.message}.`, { file: path }, cause);
  });
  // A line that was cut short by a kill is ended before the next one.
  let gap = text === '' || text.endsWith('\n') ? '' : '\n';
  const write = async (line: string) => {
    try {
      await mkdir(cache, { recursive: true, mode: 0o700 });
      const handle = await open(path, 'a', 0o600);
      try {
        await handle.write(`${gap}${line}\n`);
        await handle.datasync();
        gap = '';
      } finally {
        await handle.close();
      }
      await chmod(path, 0o600);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `${path} cannot be written: ${why}. Set XDG_CACHE_HOME to a folder that can be written, then publish again.`;
      throw new LoomError('write-failed', message, { file: path }, cause);
    }
  };
  return createPublishJournal(text.split('\n'), write, () => rm(path, { force: true }));
}
