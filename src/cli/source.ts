import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type CachedRepo, findInHubCache, hubCacheFolder } from '../core/hub/cache.node.ts';
import { findToken, isOffline } from '../core/hub/token.node.ts';
import {
  type Checkpoint,
  describePrivateHost,
  type FileSet,
  HUB_ENDPOINT,
  type HubRepo,
  hubAddress,
  isLoomError,
  isRepoAddress,
  LoomError,
  openCheckpoint,
  openHubRepo,
  parseRepoReference,
  plural,
  type RepoReference,
} from '../core/index.ts';
import { createNodeFetch } from '../core/source/fetch.node.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { type AssumeFlags, type OutputOptions, withAssume, withOutput } from './common.ts';
import { tell } from './terminal.ts';
import { createWaiting } from './waiting.ts';

export interface SourceFlags {
  readonly endpoint?: string;
  /** False: read the shards without the index beside them. */
  readonly index?: boolean;
  /** True for the local Hub cache alone, false for the Hub alone; else the cache first. */
  readonly cache?: boolean;
}

export interface OpenedSource {
  readonly files: FileSet;
  /** The local file or folder that is read, null for the Hub. */
  readonly path: string | null;
  /** The repo and commit that it is, as far as is known. */
  readonly origin: { readonly repo: string | null; readonly revision: string | null };
}

/** What `<source>` may be, for help texts. */
export const SOURCE_HELP =
  'a folder, a file of a checkpoint, a Hub cache folder, org/name[@revision], or the address of a model or of one of its files';

/** Flags of a command that reads a checkpoint and says something of it. */
export interface ReadingFlags extends OutputOptions, SourceFlags, AssumeFlags {}

/** The options of {@link ReadingFlags}. */
export function withReading(command: Command): Command {
  return withAssume(withSource(withOutput(command)));
}

/** `--endpoint`, `--cache`, `--no-cache` and `--no-index`, which every command that reads a source has. */
export function withSource(command: Command): Command {
  return command
    .option(
      '--endpoint <url>',
      'the Hub to ask (or HF_ENDPOINT); the token (HF_TOKEN, hf auth login) is sent there alone',
    )
    .option('--cache', 'read from the local Hub cache alone, without the network (or HF_HUB_OFFLINE=1)')
    .option('--no-cache', 'ask the Hub even for what the local Hub cache holds')
    .option('--no-index', 'read the shards without the index that lies beside them');
}

/**
 * Opens what a user names: a path that exists, else a Hub repo, from the local Hub cache when it is there.
 *
 * @throws LoomError `path-not-found` for what is neither, and what opening throws.
 */
export async function openSource(source: string, flags: SourceFlags, signal: AbortSignal): Promise<OpenedSource> {
  const path = /^file:\/\//i.test(source) && URL.canParse(source) ? fileURLToPath(source) : source;
  if (await stat(path).catch(() => null))
    return { files: await openLocal(path, { onNote: note }), path, origin: { repo: null, revision: null } };
  const endpoint = flags.endpoint || process.env.HF_ENDPOINT || HUB_ENDPOINT;
  if (path !== source || (!isRepoAddress(source, endpoint) && looksLikePath(source))) throw noSuchPath(path);
  const reference = parseRepoReference(source, endpoint);
  const offline = flags.cache === true || isOffline(process.env);
  const isHome = reference.endpoint === null || reference.endpoint === hubAddress(endpoint);
  const cached = flags.cache !== false && isHome ? await findInHubCache(reference, process.env) : null;
  if (cached === null) {
    if (offline) throw notInCache(reference);
    return openRemote(reference, endpoint, signal);
  }
  if (cached.missing.length > 0 && !offline) return complete(cached, reference, endpoint, signal);
  note(`Reading ${reference.repo} from the local Hub cache: ${cached.path}`);
  if (cached.missing.length > 0) note(howToComplete(cached, reference));
  const origin = { repo: reference.repo, revision: cached.commit };
  return { files: await openLocal(cached.path, { onNote: note }), path: cached.path, origin };
}

/** {@link openSource} and its headers. */
export async function openCheckpointAt(
  source: string,
  flags: SourceFlags,
  signal: AbortSignal,
): Promise<OpenedSource & { readonly checkpoint: Checkpoint }> {
  const opened = await openSource(source, flags, signal);
  const index = flags.index === false ? 'none' : 'first';
  return { ...opened, checkpoint: await openCheckpoint(opened.files, { signal, index }) };
}

function note(sentence: string): void {
  tell(sentence);
}

async function openHub(reference: RepoReference, endpoint: string, signal: AbortSignal): Promise<HubRepo> {
  const found = await findToken(process.env);
  const { host } = new URL(reference.endpoint ?? hubAddress(endpoint));
  if (reference.endpoint !== null && reference.endpoint !== hubAddress(endpoint)) noteForeign(reference.endpoint);
  const waiting = createWaiting(host, signal);
  return openHubRepo(reference, {
    endpoint,
    token: found?.token,
    signal,
    fetch: createNodeFetch(process.env),
    onNote: note,
    onTokenSent: () => note(`The token of ${found?.from} is sent to ${host}, and to no other host.`),
    onPause: waiting.pause,
    onRetry: waiting.retry,
  });
}

/** An address may name any server: said, as in the app, where it is not the user's own Hub. */
function noteForeign(endpoint: string): void {
  const { host, hostname } = new URL(endpoint);
  const place = describePrivateHost(hostname);
  note(`Reading from ${host}, as the address says${place === null ? '' : ` (${place})`}. No token is sent to it.`);
}

async function openRemote(reference: RepoReference, endpoint: string, signal: AbortSignal): Promise<OpenedSource> {
  const files = await openHub(reference, endpoint, signal);
  return { files, path: null, origin: { repo: files.repo, revision: files.commit } };
}

/** What the cache holds of a model, and the rest of it from the Hub at the same commit. */
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
      `The local Hub cache holds ${hub.repo} in part (${cached.folder}); the Hub completes it: ${describe(cached.missing)}.`,
    );
    return { files: { ...hub, open }, path: null, origin: { repo: hub.repo, revision: hub.commit } };
  } catch (error) {
    if (!isLoomError(error) || error.tag === 'cancelled') throw error;
    throw new LoomError(error.tag, `${error.message} ${howToComplete(cached, reference)}`, error.fields, error);
  }
}

function howToComplete({ missing, folder, commit }: CachedRepo, { repo }: RepoReference): string {
  return `The local Hub cache ${folder} does not hold ${describe(missing)}. "hf download ${repo} --revision ${commit}" completes it.`;
}

function describe(files: readonly string[]): string {
  const more = files.length - 3;
  return `${files.slice(0, 3).join(', ')}${more > 0 ? ` and ${plural(more, 'more file')}` : ''}`;
}

function notInCache({ repo, revision }: RepoReference): LoomError {
  const message = `The local Hub cache ${hubCacheFolder(process.env)} does not hold ${repo} at ${revision ?? 'main'}, and the Hub is not asked (--cache, HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE). Download it with "hf download ${repo}", or go without that setting.`;
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
