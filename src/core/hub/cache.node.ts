import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { isLoomError } from '../errors.ts';
import { readRegular } from '../source/regular-file.node.ts';
import { isCommit } from './names.ts';
import { parseRepoReference, type RepoReference } from './reference.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A model in the local cache of Hub downloads. */
export interface CachedRepo {
  /** The snapshot, or what of it the reference names: a folder or a file. */
  readonly path: string;
  /** The folder of it: the path itself, or what the file lies in. */
  readonly folder: string;
  readonly commit: string;
  /** Files that an index or a numbering names and that were not downloaded, parts joined by `/`; empty when none is. */
  readonly missing: readonly string[];
}

/**
 * A model in the local cache of Hub downloads, or null when it is not there or holds no safetensors.
 *
 * Finds the cache as huggingface_hub does; a revision is a name that was downloaded under, or a full commit id.
 * @throws LoomError `repo-reference-invalid` for a text that names no repository, `not-a-file` where a name of the cache
 * that holds a commit is a pipe, a socket or a device.
 */
export async function findInHubCache(reference: RepoReference | string, env: Environment): Promise<CachedRepo | null> {
  const { repo, revision, path } = typeof reference === 'string' ? parseRepoReference(reference) : reference;
  const root = join(hubCacheFolder(env), `models--${repo.replaceAll('/', '--')}`);
  const commit = await commitOf(root, revision ?? 'main');
  if (commit === null) return null;
  const snapshot = join(root, 'snapshots', commit);
  const wanted = join(snapshot, ...path.split('/'));
  const isFile = (await stat(wanted).catch(() => null))?.isFile() === true;
  const folder = isFile ? dirname(wanted) : wanted;
  const present = await presentIn(folder);
  if (!present.some((name) => /\.safetensors$/i.test(name))) return null;
  return { path: wanted, folder, commit, missing: await missingFrom(folder, present) };
}

/** Where huggingface_hub keeps its downloads (its `constants.py`): the first variable that is set decides. */
export function hubCacheFolder(env: Environment): string {
  const direct = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  return direct ? expandHome(direct, env) : join(hubHome(env), 'hub');
}

/** The folder in which huggingface_hub keeps all that is the user's: downloads and token (`HF_HOME`). */
export function hubHome(env: Environment): string {
  if (env.HF_HOME) return expandHome(env.HF_HOME, env);
  return join(env.XDG_CACHE_HOME ? expandHome(env.XDG_CACHE_HOME, env) : join(homeOf(env), '.cache'), 'huggingface');
}

export function expandHome(path: string, env: Environment): string {
  return path.replace(/^~(?=$|[/\\])/, () => homeOf(env));
}

function homeOf(env: Environment): string {
  return env.HOME || env.USERPROFILE || homedir();
}

async function commitOf(root: string, revision: string): Promise<string | null> {
  if (isCommit(revision)) return revision;
  const path = join(root, 'refs', ...revision.split('/'));
  // A folder is no fault: of a branch `a/b` the cache has the folder `a`.
  if ((await stat(path).catch(() => null))?.isDirectory() !== false) return null;
  const text = await readRegular(path, path).catch((error: unknown) => {
    if (isLoomError(error)) throw error;
    return '';
  });
  return isCommit(text.trim()) ? text.trim() : null;
}

/** Files of a snapshot. They are links to blobs; one whose blob was deleted is not there. */
async function presentIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const present: string[] = [];
  for (const name of names) {
    const info = await stat(join(folder, name)).catch(() => null);
    if (info?.isFile()) present.push(name.replaceAll('\\', '/'));
  }
  return present;
}

/** What is known to belong to the checkpoint and is not there: by its index, else by the numbering of its shards. */
async function missingFrom(folder: string, present: readonly string[]): Promise<readonly string[]> {
  const has = new Set(present);
  const wanted = new Set<string>();
  for (const name of present) {
    const [, stem, digits = '', total] = /^(.*?)(\d+)-of-(\d+)\.safetensors$/.exec(name) ?? [];
    for (let i = 1; total !== undefined && i <= Math.min(Number(total), 10_000); i++)
      wanted.add(`${stem}${String(i).padStart(digits.length, '0')}-of-${total}.safetensors`);
    if (!name.endsWith('.safetensors.index.json')) continue;
    const place = name.slice(0, name.lastIndexOf('/') + 1);
    for (const shard of await shardsOf(join(folder, name))) wanted.add(place + shard);
  }
  return [...wanted].filter((name) => !has.has(name)).sort();
}

/** None where the index cannot be read: who opens it says why. */
async function shardsOf(index: string): Promise<readonly string[]> {
  try {
    const { weight_map: map } = JSON.parse(await readRegular(index, index)) as { weight_map?: unknown };
    if (typeof map !== 'object' || map === null) return [];
    return [...new Set(Object.values(map))].filter((name): name is string => typeof name === 'string');
  } catch {
    return [];
  }
}
