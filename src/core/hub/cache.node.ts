import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isCommit } from './names.ts';
import { parseRepoReference, type RepoReference } from './reference.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder of a model in the local cache of Hub downloads, or null when it is not there or holds no safetensors.
 *
 * Finds the cache as huggingface_hub does; a revision is a name that was downloaded under, or a full commit id.
 * @throws LoomError `repo-reference-invalid` for a text that names no repository.
 */
export async function findInHubCache(reference: RepoReference | string, env: Environment): Promise<string | null> {
  const { repo, revision, path } = typeof reference === 'string' ? parseRepoReference(reference) : reference;
  const root = join(hubCacheFolder(env), `models--${repo.replaceAll('/', '--')}`);
  const commit = await commitOf(root, revision ?? 'main');
  if (commit === null) return null;
  const folder = join(root, 'snapshots', commit, ...path.split('/'));
  return (await holdsSafetensors(folder)) ? folder : null;
}

/** Where huggingface_hub keeps its downloads (its `constants.py`): the first variable that is set decides. */
export function hubCacheFolder(env: Environment): string {
  const home = env.HOME || env.USERPROFILE || homedir();
  const expand = (path: string) => path.replace(/^~(?=$|[/\\])/, () => home);
  const direct = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  if (direct) return expand(direct);
  if (env.HF_HOME) return join(expand(env.HF_HOME), 'hub');
  return join(env.XDG_CACHE_HOME ? expand(env.XDG_CACHE_HOME) : join(home, '.cache'), 'huggingface', 'hub');
}

async function commitOf(root: string, revision: string): Promise<string | null> {
  if (isCommit(revision)) return revision;
  const text = await readFile(join(root, 'refs', ...revision.split('/')), 'utf8').catch(() => '');
  return isCommit(text.trim()) ? text.trim() : null;
}

/** Snapshots are links to blobs; one whose blob was deleted is not there. */
async function holdsSafetensors(folder: string): Promise<boolean> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names.filter((one) => one.endsWith('.safetensors'))) {
    const info = await stat(join(folder, name)).catch(() => null);
    if (info?.isFile()) return true;
  }
  return false;
}
