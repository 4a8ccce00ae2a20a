import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type CachedRepo, findInHubCache, hubCacheFolder } from '../core/hub/cache.node.ts';
import { findToken, isOffline, stallMsOf } from '../core/hub/token.node.ts';
import {
  describePrivateHost,
  type FileSet,
  HUB_ENDPOINT,
  type HubRepo,
  hubAddress,
  isLoomError,
  isRepoAddress,
  LoomError,
  openHubRepo,
  parseRepoReference,
  plural,
  type RepoReference,
} from '../core/index.ts';
import { createNodeFetch } from '../core/source/fetch.node.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { tell } from './terminal.ts';
import { createWaiting } from './waiting.ts';

export interface SourceFlags {
  readonly endpoint?: string;
  /** False: read the shards without the index beside them. */
  readonly index?: boolean;
  /** True for the local Hub cache alone, false for the Hub alone; else the cache first. */
  readonly cache?: boolean;
  /** Links that lead out of a local folder: followed, unless they are to be refused. */
  readonly outside?: 'refuse';
}

export interface OpenedSource {
  readonly files: FileSet;
  /** The local file or folder that is read, null for the Hub. */
  readonly path: string | null;
  /** The repo and commit that it is, as far as is known. */
  readonly origin: Origin;
}

interface Origin {
  readonly repo: string | null;
  readonly revision: string | null;
  /** The address of what was read, at its commit; null for what lies in a folder. */
  readonly address: RepoReference | null;
}

/** What a user named, and how it is to be read. */
interface Named {
  /** As it was typed. */
  readonly text: string;
  /** The text as a path: without `file://`. */
  readonly path: string;
  readonly endpoint: string;
  readonly flags: SourceFlags;
  readonly signal: AbortSignal;
}

/** What the kinds that are read by a repo's name share. */
interface NamedRepo extends Named {
  readonly reference: RepoReference;
  /** True when the network must not be used. */
  readonly offline: boolean;
  /** What the local Hub cache holds of it; null for nothing, or when it is not to be asked. */
  readonly cached: CachedRepo | null;
}

/** One kind of source that is read by the name of a repo. */
interface RepoKind {
  readonly id: 'cache' | 'cache-and-hub' | 'hub';
  takes(named: NamedRepo): boolean;
  open(named: NamedRepo): Promise<OpenedSource>;
}

/** Every kind of source that a repo's name may mean, in the order in which they are tried. The first that takes it opens it. */
const REPO_KINDS: readonly RepoKind[] = [
  {
    id: 'hub',
    takes: ({ cached, offline }) => cached === null && !offline,
    open: ({ reference, endpoint, signal }) => openRemote(reference, endpoint, signal),
  },
  {
    id: 'cache-and-hub',
    takes: ({ cached, offline }) => cached !== null && cached.missing.length > 0 && !offline,
    open: ({ cached, reference, endpoint, signal }) => complete(cached as CachedRepo, reference, endpoint, signal),
  },
  {
    id: 'cache',
    takes: ({ cached }) => cached !== null,
    open: ({ cached, reference, endpoint }) => openCached(cached as CachedRepo, reference, endpoint),
  },
];

/**
 * Opens what a user names: a path that exists, else a Hub repo, from the local Hub cache when it is there.
 *
 * @throws LoomError `path-not-found` for what is neither, and what opening throws.
 */
export async function openSource(text: string, flags: SourceFlags, signal: AbortSignal): Promise<OpenedSource> {
  const path = /^file:\/\//i.test(text) && URL.canParse(text) ? fileURLToPath(text) : text;
  if (await stat(path).catch(() => null))
    return {
      files: await openLocal(path, { onNote: note, outside: flags.outside }),
      path,
      origin: { repo: null, revision: null, address: null },
    };
  const endpoint = flags.endpoint || process.env.HF_ENDPOINT || HUB_ENDPOINT;
  if (path !== text || (!isRepoAddress(text, endpoint) && looksLikePath(text))) throw noSuchPath(path);
  const named = await namedRepo({ text, path, endpoint, flags, signal });
  const kind = REPO_KINDS.find(({ takes }) => takes(named));
  if (!kind) throw notInCache(named.reference);
  return kind.open(named);
}

async function namedRepo(named: Named): Promise<NamedRepo> {
  const { text, endpoint, flags } = named;
  const reference = parseRepoReference(text, endpoint);
  const offline = flags.cache === true || isOffline(process.env);
  const isHome = reference.endpoint === null || reference.endpoint === hubAddress(endpoint);
  const cached = flags.cache !== false && isHome ? await findInHubCache(reference, process.env) : null;
  return { ...named, reference, offline, cached };
}

async function openCached(cached: CachedRepo, reference: RepoReference, endpoint: string): Promise<OpenedSource> {
  note(`Reading ${reference.repo} from the local Hub cache: ${cached.path}`);
  if (cached.missing.length > 0) note(howToComplete(cached, reference));
  const { repo } = reference;
  const address = { ...reference, revision: cached.commit, endpoint: reference.endpoint ?? hubAddress(endpoint) };
  const origin = { repo, revision: cached.commit, address };
  return { files: await openLocal(cached.path, { onNote: note }), path: cached.path, origin };
}

function note(sentence: string): void {
  tell(sentence);
}

async function openHub(reference: RepoReference, endpoint: string, signal: AbortSignal): Promise<HubRepo> {
  const found = await findToken(process.env);
  const { host } = new URL(reference.endpoint ?? hubAddress(endpoint));
  if (reference.endpoint !== null && reference.endpoint !== hubAddress(endpoint)) noteForeign(reference.endpoint);
  const waiting = createWaiting(host, signal);
  const repo = await openHubRepo(reference, {
    endpoint,
    token: found?.token,
    signal,
    stallMs: stallMsOf(process.env),
    fetch: createNodeFetch(process.env),
    onNote: note,
    onTokenSent: () => note(`The token of ${found?.from} is sent to ${host}, and to no other host.`),
    onPause: waiting.pause,
    onRetry: waiting.retry,
  }).catch((error: unknown) => {
    if (!isLoomError(error) || error.tag !== 'token-rejected' || found === null) throw error;
    throw new LoomError(error.tag, `${error.message} It was found in ${found.from}.`, error.fields, error);
  });
  if (repo.movedTo !== null) note(`${reference.repo} was renamed on the Hub to ${repo.movedTo}.`);
  return repo;
}

/** Reports a host that is not the user's Hub, because an address can name any server. */
function noteForeign(endpoint: string): void {
  const { host, hostname } = new URL(endpoint);
  const place = describePrivateHost(hostname);
  note(`Reading from ${host}, the host in the address${place === null ? '' : ` (${place})`}. No token is sent to it.`);
}

async function openRemote(reference: RepoReference, endpoint: string, signal: AbortSignal): Promise<OpenedSource> {
  const files = await openHub(reference, endpoint, signal);
  return { files, path: null, origin: originOf(files) };
}

function originOf({ repo, commit, path, file, endpoint }: HubRepo): Origin {
  return { repo, revision: commit, address: { repo, revision: commit, path: file ?? path, endpoint } };
}

/** Reads the files in the cache, and the rest from the Hub at the same commit. */
async function complete(
  cached: CachedRepo,
  reference: RepoReference,
  endpoint: string,
  signal: AbortSignal,
): Promise<OpenedSource> {
  try {
    const hub = await openHub({ ...reference, revision: cached.commit }, endpoint, signal);
    const local = await openLocal(cached.folder);
    const lengths = new Map((await local.list({ signal })).map(({ name, byteLength }) => [name, byteLength]));
    const listed = new Map(hub.files.map(({ name, byteLength }) => [name, byteLength]));
    const isHere = (name: string) => lengths.has(name) && lengths.get(name) === listed.get(name);
    const open: FileSet['open'] = (name, options) => (isHere(name) ? local : hub).open(name, options);
    note(
      `The local Hub cache has only a part of ${hub.repo} (${cached.folder}). Reading the rest from the Hub: ${describe(cached.missing)}.`,
    );
    return { files: { ...hub, open }, path: null, origin: originOf(hub) };
  } catch (error) {
    if (!isLoomError(error) || error.tag === 'cancelled') throw error;
    throw new LoomError(error.tag, `${error.message} ${howToComplete(cached, reference)}`, error.fields, error);
  }
}

function howToComplete({ missing, folder, commit }: CachedRepo, { repo }: RepoReference): string {
  return `The local Hub cache ${folder} does not have ${describe(missing)}. Download the rest with "hf download ${repo} --revision ${commit}".`;
}

function describe(files: readonly string[]): string {
  const more = files.length - 3;
  return `${files.slice(0, 3).join(', ')}${more > 0 ? ` and ${plural(more, 'more file')}` : ''}`;
}

function notInCache({ repo, revision }: RepoReference): LoomError {
  const message = `The local Hub cache ${hubCacheFolder(process.env)} does not have ${repo} at ${revision ?? 'main'}, and the Hub is not used (--cache, HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE). Download it with "hf download ${repo}", or remove that setting.`;
  return new LoomError('path-not-found', message, { repo });
}

function noSuchPath(path: string): LoomError {
  const inRepo = /^[^./~\\]+\/[^/\\]+\/.+\.(safetensors|json)$/i.test(path);
  const hint = inRepo ? ` For a file of a Hub repo, write hf://${path}.` : '';
  return new LoomError('path-not-found', `There is no file or folder ${path}.${hint}`, { file: path });
}

function looksLikePath(source: string): boolean {
  return (
    /^[./~\\]/.test(source) ||
    /^[a-z]:[\\/]/i.test(source) ||
    /\.(safetensors|json)$/i.test(source) ||
    (!source.includes('/') && !source.includes(':'))
  );
}
