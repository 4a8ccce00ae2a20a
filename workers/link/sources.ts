import {
  blobFiles,
  directoryFiles,
  type FileSet,
  findLikely,
  type HeadersManifest,
  type HubRepo,
  headersOnlyFiles,
  LoomError,
  type OpenHubOptions,
  openHubRepo,
  openResult,
  withHubCacheNames,
} from '../../src/core/index.ts';
import type { HubFacts, SourceDescriptor } from '../inspect/protocol.ts';

export interface OpenedSource {
  readonly files: FileSet;
  readonly hub: HubFacts | null;
  /** The repo behind `hub`: its cache of headers, what lets refused files be asked for again, its end. */
  readonly repo: Pick<HubRepo, 'cache' | 'tryAgain' | 'dispose'> | null;
}

export interface SourceOptions {
  readonly signal: AbortSignal;
  /** Hears of each request that leaves, and of bytes that came. */
  readonly count?: (requests: number, bytes: number) => void;
  /** Hears when all requests to the Hub have to wait, until when, and null as they go on. */
  readonly onPause?: OpenHubOptions['onPause'];
}

type Kind = SourceDescriptor['kind'];
type Opener<K extends Kind> = (
  source: Extract<SourceDescriptor, { readonly kind: K }>,
  options: SourceOptions,
) => Promise<OpenedSource>;

/** How each kind of source is opened: the one place that tells them apart. */
const OPENERS: { readonly [K in Kind]: Opener<K> } = {
  hub: openHub,
  files: async ({ name, files }, options) => offline(withHubCacheNames(blobFiles(name, files)), options),
  directory: async ({ handle }, options) => offline(withHubCacheNames(directoryFiles(handle)), options),
  job: async ({ job }, options) => offline(await openResult(job), options),
  sample: async ({ id, baseUrl }, options) => offline(await openSample(id, baseUrl, options.signal), options),
};

/** Builds the set of files that a descriptor represents. */
export function openSource(source: SourceDescriptor, options: SourceOptions): Promise<OpenedSource> {
  const open = OPENERS[source.kind] as Opener<Kind>;
  return open(source, options);
}

function offline(files: FileSet, { count }: SourceOptions): OpenedSource {
  return { files: count ? countReads(files, (bytes) => count(0, bytes)) : files, hub: null, repo: null };
}

/** Tells of the bytes of each read that has succeeded. */
function countReads(files: FileSet, onBytes: (bytes: number) => void): FileSet {
  const open: FileSet['open'] = async (name, options) => {
    const source = await files.open(name, options);
    return {
      ...source,
      read: async (range, read) => {
        const bytes = await source.read(range, read);
        onBytes(bytes.length);
        return bytes;
      },
      dispose: async () => source.dispose?.(),
    };
  };
  return { identity: files.identity, list: (options) => files.list(options), open };
}

async function openHub(
  source: SourceDescriptor & { kind: 'hub' },
  { signal, count, onPause }: SourceOptions,
): Promise<OpenedSource> {
  const { reference, endpoint, token, authenticate } = source;
  const repo = await openHubRepo(reference, {
    ...(endpoint === null ? {} : { endpoint }),
    ...(token === undefined ? {} : { token }),
    authenticate,
    signal,
    onPause,
    onRequest: ({ phase, bytes }) => (phase === 'sent' ? count?.(1, 0) : count?.(0, bytes)),
  });
  const { commit, requestedRevision, movedTo } = repo;
  const path = repo.file ?? repo.path;
  const facts: HubFacts = {
    repo: repo.repo,
    movedTo,
    commit,
    requestedRevision,
    path,
    endpoint: repo.endpoint,
    gated: repo.gated !== false,
    private: repo.private,
    baseModels: repo.baseModels,
    page: `${repo.endpoint}/${repo.repo}`,
  };
  return { files: repo, hub: facts, repo };
}

/** Names of models of the same Hub that are like the one that a source names. */
export async function likelyRepos(source: SourceDescriptor, signal: AbortSignal): Promise<readonly string[]> {
  if (source.kind !== 'hub') return [];
  const { reference, endpoint, token, authenticate } = source;
  return findLikely(reference, {
    ...(endpoint === null ? {} : { endpoint }),
    ...(token === undefined ? {} : { token }),
    authenticate,
    signal,
  });
}

/** A sample's manifest, beside its folder: files that lie beside it, or one gzip blob of header bytes. */
type SampleManifest =
  | { readonly identity: string; readonly files: readonly string[] }
  | (HeadersManifest & { readonly blob: string });

async function openSample(id: string, baseUrl: string, signal: AbortSignal): Promise<FileSet> {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(id))
    throw new LoomError('path-not-found', `There is no sample ${id}.`, { file: id });
  const at = (name: string) => new URL(name === '' ? `${id}.json` : `${id}/${name}`, baseUrl).href;
  const manifest = JSON.parse(new TextDecoder().decode(await load(at(''), signal))) as SampleManifest;
  if ('blob' in manifest) return headersOnlyFiles(manifest, await unzipped(await load(at(manifest.blob), signal)));
  const loaded = await Promise.all(
    manifest.files.map(async (path) => ({ path, file: new File([await load(at(path), signal)], path) })),
  );
  return blobFiles(manifest.identity, loaded);
}

async function load(url: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw signal.aborted ? cause : sampleGone(url, 'it could not be fetched');
  });
  if (!response.ok) throw sampleGone(url, `the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function sampleGone(url: string, why: string): LoomError {
  const file = url.slice(url.lastIndexOf('/samples/') + 1);
  return new LoomError('read-failed', `The sample file ${file} is not there: ${why}.`, { file });
}

/** A server may have unpacked the file already; what is gzip says so in its first two bytes. */
async function unzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
