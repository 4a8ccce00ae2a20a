import { LoomError, throwIfAborted } from '../errors.ts';
import { fetchJson, type HttpExchange, type HttpOptions, httpSource } from '../source/http.ts';
import { type Clock, createGate, type Gate, retrying, withRetry } from '../source/retry.ts';
import type { ByteSource, FileEntry, FileSet } from '../source/types.ts';
import { disabledError, explainHubRefusal, type HubQuestion } from './errors.ts';
import { type HubGate, type ListedFile, MAX_INFO_BYTES, type ModelInfo, parseModelInfo } from './model-info.ts';
import { encodePath } from './names.ts';
import type { QuotaCounter } from './quota.ts';
import { HUB_ENDPOINT, parseRepoReference, type RepoReference } from './reference.ts';
import { createFate, type Fate } from './shared-fate.ts';

/** Branch that is read when no revision is named. */
const USUAL_REVISION = 'main';

export interface HubFile extends FileEntry {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly sha256: string | null;
}

export interface HubRequest extends HttpExchange {
  readonly kind: 'api' | 'resolver';
}

export interface OpenHubOptions {
  /** Origin of the Hub; a reference that names another one is read from there, without the token. */
  readonly endpoint?: string | undefined;
  /** Access token; sent to `endpoint` alone, and kept out of errors, keys and names. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears of each request as it leaves and when it has ended. */
  readonly onRequest?: ((request: HubRequest) => void) | undefined;
  /** Share one between repos: the Hub counts requests by address. */
  readonly gate?: Gate | undefined;
  readonly quota?: QuotaCounter | undefined;
  readonly retries?: number | undefined;
  /** Milliseconds without a byte after which a request is given up, and the clock that measures them. */
  readonly stallMs?: number | undefined;
  readonly clock?: Clock | undefined;
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
  readonly endpoint: string;
  readonly gated: HubGate;
  readonly private: boolean;
  readonly files: readonly HubFile[];
  /** Address of the page of a file, or of the folder, at this commit: for people. */
  url(name?: string): string;
}

/**
 * Opens a model of the Hub at the commit that its revision stands for now, with one request; files are read as asked.
 *
 * The path of the reference may be a folder, or a file, which stands for the folder it is in.
 * @throws LoomError `repo-reference-invalid`, `repo-not-found`, `revision-not-found`, `path-not-found`, `repo-disabled`,
 * `token-rejected`, `access-denied`, `rate-limited`, `server-error`, `network`, `answer-invalid`, `cancelled`.
 */
export async function openHubRepo(reference: RepoReference | string, options: OpenHubOptions = {}): Promise<HubRepo> {
  throwIfAborted(options.signal);
  const wanted = typeof reference === 'string' ? parseRepoReference(reference) : reference;
  const client = createClient(wanted, options);
  const info = await readInfo(client, options.signal);
  if (info.disabled) throw disabledError(client.question);
  const path = folderOf(wanted, info);
  return repoOf(client, info, path);
}

/** All that requests for one repo have in common. */
interface Client {
  readonly question: HubQuestion;
  readonly gate: Gate;
  readonly retries: number | undefined;
  readonly fate: Fate;
  /** For the API or for files, at the revision or commit that messages shall name. */
  http(kind: HubRequest['kind'], name: string, question: HubQuestion): HttpOptions;
}

function createClient(wanted: RepoReference, options: OpenHubOptions): Client {
  const { onRequest, quota, gate = createGate(), retries, stallMs, clock } = options;
  const home = originOf(options.endpoint ?? HUB_ENDPOINT);
  const endpoint = wanted.endpoint === null ? home : originOf(wanted.endpoint);
  const token = endpoint === home ? checkToken(options.token) : null;
  const headers = (): Record<string, string> => (token === null ? {} : { Authorization: `Bearer ${token}` });
  const { repo, revision } = wanted;
  return {
    question: { endpoint, repo, revision: revision ?? USUAL_REVISION, signedIn: token !== null },
    gate,
    retries,
    fate: createFate(gate.clock),
    http: (kind, name, question) => ({
      name,
      headers,
      stallMs,
      clock,
      explain: (refusal) => explainHubRefusal(refusal, question),
      onExchange: (exchange) => {
        if (kind === 'resolver' && exchange.phase === 'sent') quota?.count();
        onRequest?.({ ...exchange, kind });
      },
    }),
  };
}

function originOf(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.pathname === '/') return url.origin;
  const message =
    'The address of the Hub is not of the form https://host. Correct it, or leave it out for huggingface.co.';
  throw new LoomError('usage', message);
}

/** Null without one. A header refuses other characters with an error that repeats them: that must not happen. */
function checkToken(token: string | undefined): string | null {
  const trimmed = token?.trim() ?? '';
  if (trimmed === '') return null;
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  const message =
    'The access token holds characters that no token has. Copy it again from the settings of your account.';
  throw new LoomError('token-rejected', message);
}

async function readInfo(client: Client, signal: AbortSignal | undefined): Promise<ModelInfo> {
  const { question, gate, retries } = client;
  const { endpoint, repo, revision } = question;
  const url = `${endpoint}/api/models/${encodePath(repo)}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const http = client.http('api', `the listing of ${repo}`, question);
  const ask = () => fetchJson({ ...http, url, limit: MAX_INFO_BYTES, signal });
  return parseModelInfo(await retrying(ask, { gate, retries }, signal));
}

function folderOf({ path, repo }: RepoReference, { files, commit }: ModelInfo): string {
  if (path === '' || files.some((file) => file.path.startsWith(`${path}/`))) return path;
  if (files.some((file) => file.path === path)) return path.slice(0, Math.max(0, path.lastIndexOf('/')));
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

function repoOf(client: Client, info: ModelInfo, path: string): HubRepo {
  const { endpoint, repo: asked, revision } = client.question;
  const { id: repo, commit } = info;
  const files = filesIn(path, info.files);
  const byName = new Map(files.map((file) => [file.name, file]));
  const page = (kind: string, inner: string) =>
    `${endpoint}/${repo}/${kind}/${commit}${inner && `/${encodePath(inner)}`}`;
  return {
    identity: `${repo}@${commit}${path && `/${path}`}`,
    repo,
    movedTo: repo === asked ? null : repo,
    commit,
    requestedRevision: revision,
    path,
    endpoint,
    gated: info.gated,
    private: info.private,
    files,
    url: (name) => (name === undefined ? page('tree', path) : page('blob', path === '' ? name : `${path}/${name}`)),
    list: async () => files,
    open: async (name, options) => {
      throwIfAborted(options?.signal);
      const file = byName.get(name);
      if (!file) throw noSuchFile(name, repo, commit);
      return openFile(client, repo, commit, file);
    },
  };
}

function noSuchFile(name: string, repo: string, commit: string): LoomError {
  const message = `${repo} holds no file ${name} at commit ${commit.slice(0, 7)}. Check the name against the list of its files.`;
  return new LoomError('path-not-found', message, { file: name, repo });
}

function openFile(client: Client, repo: string, commit: string, file: HubFile): ByteSource {
  const { gate, retries, fate } = client;
  const question = { ...client.question, repo, revision: commit };
  const source = httpSource({
    ...client.http('resolver', file.name, question),
    url: `${question.endpoint}/${encodePath(repo)}/resolve/${commit}/${encodePath(file.path)}`,
    key: file.sha256 === null ? `${repo}@${commit}/${file.path}` : `sha256:${file.sha256}`,
    byteLength: file.byteLength,
  });
  return fate.share(withRetry(source, { gate, retries }), file.name);
}
