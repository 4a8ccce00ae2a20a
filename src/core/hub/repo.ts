import { LoomError, throwIfAborted } from '../errors.ts';
import { retrying } from '../remote/retry.ts';
import { cacheOf, type HeaderCache } from '../source/header-cache.ts';
import { browserHeaderCache } from '../source/header-cache-idb.ts';
import { fetchJson } from '../source/http.ts';
import { filesMeantBy, namesCheckpoint } from '../source/one-file.ts';
import type { FileEntry, FileSet } from '../source/types.ts';
import { createClient, type HubClient, type HubClientOptions, openFile } from './client.ts';
import { disabledError } from './errors.ts';
import { type HubGate, type ListedFile, MAX_INFO_BYTES, type ModelInfo, parseModelInfo } from './model-info.ts';
import { encodePath } from './names.ts';
import { parseRepoReference, type RepoReference } from './reference.ts';
import { joinListings, noteUnreadTree, readTree, whyDoubted } from './tree.ts';

export interface HubFile extends FileEntry, ListedFile {}

export interface OpenHubOptions extends HubClientOptions {
  readonly signal?: AbortSignal | undefined;
  /** Keeps headers by their content; where there is IndexedDB it is used unless another one, or null for none, is given. */
  readonly headerCache?: HeaderCache | null | undefined;
}

/** A model repository at one commit. */
export interface HubRepo extends FileSet {
  /** The name as the Hub writes it now. */
  readonly repo: string;
  /** The name it has now, when it was asked for by another one; null otherwise. */
  readonly movedTo: string | null;
  /** 40 hex digits; every request for a file names it. */
  readonly commit: string;
  readonly requestedRevision: string;
  /** Folder of the repository that the set shows, empty for the root. */
  readonly path: string;
  /** Path of the weights file or index that was asked for, where others lie beside its checkpoint and are left out. */
  readonly file: string | null;
  readonly endpoint: string;
  readonly gated: HubGate;
  readonly private: boolean;
  /** Models that the card names as those it was made from. */
  readonly baseModels: readonly string[];
  readonly files: readonly HubFile[];
  /** For {@link openCheckpoint}: headers known from earlier openings. Null without a cache, and for private repos. */
  readonly cache: HeaderCache | null;
  /** Address of the page of a file, or of the folder, at this commit: for people. */
  url(name?: string): string;
  /** Forgets that files were refused or unreachable, so that reading them again asks the Hub again. */
  tryAgain(): void;
}

/**
 * Opens a model of the Hub at the commit that its revision represents now, with one request, or with more where the
 * answer does not name all files; files are read as asked.
 *
 * The path of the reference may be a folder, or a file: weights or an index represent their checkpoint, any other file
 * represents its folder.
 * @throws LoomError `repo-reference-invalid`, `repo-not-found`, `revision-not-found`, `path-not-found`, `repo-disabled`,
 * `token-rejected`, `access-denied`, `rate-limited`, `server-error`, `network`, `answer-invalid`, `cancelled`.
 * @example
 * ```ts
 * import { openHubRepo } from 'moe-loom/hub';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * const files = await openHubRepo('Qwen/Qwen3-235B-A22B', { endpoint: process.env.HF_ENDPOINT });
 * const checkpoint = await openCheckpoint(files, { cache: files.cache });
 * console.log(checkpoint.shards.length, checkpoint.tensors.size); // → 118 36945
 * ```
 */
export async function openHubRepo(reference: RepoReference | string, options: OpenHubOptions = {}): Promise<HubRepo> {
  throwIfAborted(options.signal);
  const wanted = typeof reference === 'string' ? parseRepoReference(reference, options.endpoint) : reference;
  const client = createClient(wanted, options);
  try {
    const told = await readInfo(client, options.signal);
    if (told.disabled) throw disabledError(client.question);
    client.access.learn(told);
    const found = await completed(client, told, wanted.path, options.signal);
    const { info } = found;
    return repoOf(client, found, placeOf(wanted, info), cacheFor(client, info, options.headerCache));
  } catch (error) {
    client.dispose();
    throw error;
  }
}

/** Nothing of a private repo is kept: who uses this browser next must not find its names. */
function cacheFor({ question }: HubClient, info: ModelInfo, given: HeaderCache | null | undefined): HeaderCache | null {
  const cache = given === undefined ? browserHeaderCache() : given;
  return cache === null || info.private ? null : cacheOf(question.endpoint, cache);
}

async function readInfo(client: HubClient, signal: AbortSignal | undefined): Promise<ModelInfo> {
  const { question, gate, retries, onRetry, access } = client;
  const { endpoint, repo, revision } = question;
  const url = `${endpoint}/api/models/${encodePath(repo)}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const ask = () =>
    access.run((signedIn) => {
      const http = client.http('api', `the listing of ${repo}`, { ...question, signedIn });
      return fetchJson({ ...http, url, limit: MAX_INFO_BYTES, signal });
    });
  return parseModelInfo(await retrying(ask, { gate, retries, onRetry }, signal));
}

/** What is known of a repo's files. */
interface Known {
  readonly info: ModelInfo;
  /** Whether the file tree was asked for already. */
  readonly asked: boolean;
  /** Why the file tree could not be read: whether a file that is not listed is there is then not known. */
  readonly unread: LoomError | null;
}

/** The listing, and where it may be cut short the file tree with it. */
async function completed(
  client: HubClient,
  info: ModelInfo,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Known> {
  const doubt = whyDoubted(info, path);
  if (doubt === null) return { info, asked: false, unread: null };
  let unread: LoomError | null = null;
  const tree = await readTree(client, info, signal).catch((error: unknown) => {
    throwIfAborted(signal);
    if (info.files.length === 0 || info.unsized > 0) throw error;
    client.note(noteUnreadTree(info, doubt, error));
    unread = error as LoomError;
    return null;
  });
  if (tree === null) return { info, asked: true, unread };
  const { files, notes } = joinListings(info, tree);
  for (const note of notes) client.note(note);
  return { info: { ...info, files, unsized: 0 }, asked: true, unread: null };
}

/** What part of a repository a set shows. */
interface Place {
  readonly folder: string;
  readonly file: string | null;
}

function placeOf({ path, repo }: RepoReference, { files, commit }: ModelInfo): Place {
  if (path === '' || files.some((file) => file.path.startsWith(`${path}/`))) return { folder: path, file: null };
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (files.some((file) => file.path === path)) return { folder, file: namesCheckpoint(path) ? path : null };
  const message = `${repo} holds no folder or file ${path} at commit ${commit.slice(0, 7)}. Leave the path out to see the whole repository.`;
  throw new LoomError('path-not-found', message, { file: path, repo });
}

function filesIn(folder: string, files: readonly ListedFile[]): readonly HubFile[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  return files
    .filter(({ path }) => path.startsWith(prefix))
    .map((file) => ({ name: file.path.slice(prefix.length), ...file }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function repoOf(
  client: HubClient,
  { info, ...known }: Known,
  { folder: path, file: asFile }: Place,
  cache: HeaderCache | null,
): HubRepo {
  const { endpoint, repo: asked, revision } = client.question;
  const { id: repo, commit } = info;
  const all = filesIn(path, info.files);
  const prefix = path === '' ? '' : `${path}/`;
  const meant = asFile === null ? all : filesMeantBy(asFile.slice(prefix.length), all);
  const named = meant.length < all.length ? asFile : null;
  const files = named === null ? all : meant;
  const byName = new Map(all.map((file) => [file.name, file]));
  /** An index may name a shard that the listing left out, with nothing else to tell that it was cut short. */
  let tree: Promise<readonly ListedFile[]> | null = null;
  let { asked: treeAsked, unread } = known;
  const findInTree = async (name: string, signal: AbortSignal | undefined) => {
    if (treeAsked) return undefined;
    tree ??= readTree(client, info, signal).then(
      (all) => {
        unread = null;
        return all;
      },
      (error: unknown) => {
        tree = null;
        throwIfAborted(signal);
        client.note(noteUnreadTree(info, `it does not name ${name}`, error));
        unread = error as LoomError;
        return [];
      },
    );
    const found = (await tree).find((file) => file.path === prefix + name);
    if (found) client.note(`The Hub's description of ${repo} does not name ${found.path}; its file tree does.`);
    return found;
  };
  const page = (kind: string, inner: string) =>
    `${endpoint}/${repo}/${kind}/${commit}${inner && `/${encodePath(inner)}`}`;
  return {
    identity: `${repo}@${commit}${(named ?? path) && `/${named ?? path}`}`,
    repo,
    movedTo: repo === asked ? null : repo,
    commit,
    requestedRevision: revision,
    path,
    file: named,
    endpoint,
    gated: info.gated,
    private: info.private,
    baseModels: info.baseModels,
    guarded: info.private || info.gated !== false || client.access.signedIn,
    files,
    cache,
    url: (name) => (name === undefined ? page('tree', path) : page('blob', prefix + name)),
    list: async () => files,
    open: async (name, options) => {
      throwIfAborted(options?.signal);
      const file = byName.get(name) ?? (await findInTree(name, options?.signal));
      if (!file) throw unread ? notKnown(name, repo, unread) : noSuchFile(name, repo, commit);
      return openFile(client, repo, commit, file, name);
    },
    tryAgain: () => {
      treeAsked &&= unread === null;
      client.failures.reset();
    },
    dispose: async () => client.dispose(),
  };
}

function notKnown(name: string, repo: string, { tag, message, fields }: LoomError): LoomError {
  const told = `Whether ${repo} holds ${name} is not known: its listing does not name it, and its file tree could not be read. ${message}`;
  return new LoomError(tag, told, { ...fields, file: name });
}

function noSuchFile(name: string, repo: string, commit: string): LoomError {
  const message = `${repo} holds no file ${name} at commit ${commit.slice(0, 7)}. Check the name against the list of its files.`;
  return new LoomError('path-not-found', message, { file: name, repo });
}
