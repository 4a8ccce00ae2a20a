import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import { type Access, type Authenticate, createAccess } from '../remote/access.ts';
import type { Gate, Pause } from '../remote/gate.ts';
import { createLinks, type Links } from '../remote/links.ts';
import type { QuotaCounter } from '../remote/quota.ts';
import { withRetry } from '../remote/retry.ts';
import { createSharedFailures, type SharedFailures } from '../remote/shared-failures.ts';
import type { Clock } from '../source/clock.ts';
import { type HttpExchange, type HttpOptions, httpSource, locateFile, type SeenTags } from '../source/http.ts';
import type { ByteSource, ReadOptions } from '../source/types.ts';
import { KIB } from '../units.ts';
import { explainFileServer, explainHubRefusal, type HubQuestion } from './errors.ts';
import { mannersOf } from './manners.ts';
import type { ListedFile } from './model-info.ts';
import { encodePath } from './names.ts';
import { HUB_ENDPOINT, type RepoReference } from './reference.ts';

/** Branch that is read when no revision is named. */
const USUAL_REVISION = 'main';
/**
 * Reads that start beyond this are of tensors, and many to a file: they go to its signed address. Headers start at 0,
 * and continue where the first window ended.
 */
const HEADERS_WITHIN = 128 * KIB;

/** A page cannot tell these apart from a server that is down. */
const OTHER_HUB =
  'A Hub other than huggingface.co may lead to servers that pages of other sites may not read (no CORS headers); the command line reads from such a Hub too.';

export interface HubRequest extends HttpExchange {
  /** `resolver` is the Hub's own redirect to a file, which is counted; `cdn` the file server, asked directly. */
  readonly kind: 'api' | 'resolver' | 'cdn';
}

export interface HubClientOptions {
  /** Address of the Hub, which may have a path; a reference that names another one is read from there, without the token. */
  readonly endpoint?: string | undefined;
  /** Access token; sent to `endpoint` alone, and kept out of errors, keys and names. */
  readonly token?: string | undefined;
  /** Send the token only where strangers are refused (`when-needed`, the default) or with every request. */
  readonly authenticate?: Authenticate | undefined;
  /** Called for each request as it is sent and when it has ended. */
  readonly onRequest?: ((request: HubRequest) => void) | undefined;
  /** Called when all requests to this Hub have to wait, with why and until when, and with null when they resume. */
  readonly onPause?: ((pause: Pause | null) => void) | undefined;
  /** Called for each retry: why, and after how many milliseconds. */
  readonly onRetry?: ((error: LoomError, waitMs: number) => void) | undefined;
  /** Called with sentences that say what the caller should know of how the files were found. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Called when the token is first sent. */
  readonly onTokenSent?: (() => void) | undefined;
  /** What bounds and counts requests; unless given, all repos of one Hub share them: it counts by address. */
  readonly gate?: Gate | undefined;
  readonly quota?: QuotaCounter | undefined;
  readonly retries?: number | undefined;
  /** Milliseconds without a byte after which a request is given up, and the clock that measures them. */
  readonly stallMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Replaces the network; the platform's fetch unless given. */
  readonly fetch?: typeof fetch | undefined;
}

/** All that requests for one repo have in common. */
export interface HubClient {
  readonly question: HubQuestion;
  readonly gate: Gate;
  readonly retries: number | undefined;
  readonly onRetry: HubClientOptions['onRetry'];
  readonly access: Access;
  readonly failures: SharedFailures;
  readonly links: Links;
  /** The ETags of a file, as far as reads have met them. */
  tags(file: string): SeenTags;
  note(sentence: string): void;
  /** For the API or for files, with or without token, at the revision or commit that messages shall name. */
  http(kind: HubRequest['kind'], name: string, question: HubQuestion): HttpOptions;
  dispose(): void;
}

export function createClient(wanted: RepoReference, options: HubClientOptions): HubClient {
  const home = hubAddress(options.endpoint ?? HUB_ENDPOINT);
  const endpoint = wanted.endpoint === null ? home : hubAddress(wanted.endpoint);
  const token = endpoint === home ? checkToken(options.token) : null;
  const shared = mannersOf(endpoint);
  const { onRequest, quota = shared.quota, gate = shared.gate, retries, stallMs, clock, onPause } = options;
  const links = createLinks(gate.clock);
  const tags = new Map<string, SeenTags>();
  const unwatch = onPause ? gate.watch(onPause) : () => {};
  const { repo, revision } = wanted;
  let sent = false;
  const credentials = () => {
    if (!sent) options.onTokenSent?.();
    sent = true;
    return { Authorization: `Bearer ${token}` };
  };
  return {
    question: { endpoint, repo, revision: revision ?? USUAL_REVISION, signedIn: false },
    gate,
    retries,
    onRetry: options.onRetry,
    access: createAccess(token !== null, options.authenticate),
    failures: createSharedFailures(gate.clock, () => gate.pausedUntil),
    links,
    tags: (file) => {
      const known = tags.get(file) ?? new Map();
      tags.set(file, known);
      return known;
    },
    note: (sentence) => options.onNote?.(sentence),
    http: (kind, name, question) => ({
      name,
      headers: () => (question.signedIn && token !== null ? credentials() : {}),
      ...(endpoint === HUB_ENDPOINT ? {} : { hint: OTHER_HUB }),
      stallMs,
      clock,
      fetch: options.fetch,
      explain: (refusal) => explainHubRefusal(refusal, question),
      onExchange: (exchange) => {
        if (kind === 'resolver' && exchange.phase === 'sent') quota.count();
        onRequest?.({ ...exchange, kind });
      },
    }),
    dispose: () => {
      unwatch();
      links.clear();
    },
  };
}

/**
 * The address of a Hub as it stands before `/api` and `/org/name`: an origin, and a path where a company's own copy has one.
 *
 * @throws LoomError `usage`.
 */
export function hubAddress(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (plain && /^https?:$/.test(url.protocol)) return url.origin + url.pathname.replace(/\/+$/, '');
  const message =
    'The address of the Hub is not of the form https://host or https://host/path. Correct it, or leave it out for huggingface.co.';
  throw new LoomError('usage', message);
}

/** Null without one. A header refuses other characters with an error that repeats them: that must not happen. */
function checkToken(token: string | undefined): string | null {
  const trimmed = token?.trim() ?? '';
  if (trimmed === '') return null;
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  const message = 'The access token has characters that no token has. Copy it again from the settings of your account.';
  throw new LoomError('token-rejected', message);
}

/** One file at a commit: its header by one ranged request that is redirected, its tensors from its signed address. */
export function openFile(client: HubClient, repo: string, commit: string, file: ListedFile, name: string): ByteSource {
  const { gate, retries, onRetry, failures, access, links } = client;
  const { byteLength } = file;
  const url = `${client.question.endpoint}/${encodePath(repo)}/resolve/${commit}/${encodePath(file.path)}`;
  const key = keyOf(file) ?? `${repo}@${commit}/${file.path}`;
  const known = { key, byteLength, tags: client.tags(file.path) };
  const question = (signedIn: boolean) => ({ ...client.question, repo, revision: commit, signedIn });
  const http = (signedIn: boolean) => client.http('resolver', name, question(signedIn));
  const resolved = (range: { start: number; end: number }, read?: ReadOptions) =>
    access.run((signedIn) => httpSource({ ...http(signedIn), ...known, url }).read(range, read));
  const sign = (signal: AbortSignal) =>
    access.run((signedIn) => locateFile({ ...http(signedIn), url, byteLength, signal }));
  const read: ByteSource['read'] = async (range, options) => {
    failures.check(name);
    if (file.sha256 === null || range.start <= HEADERS_WITHIN) return resolved(range, options);
    const link = await links.of(file.path, sign, options?.signal);
    throwIfAborted(options?.signal);
    if (link === null) return resolved(range, options);
    const direct = { ...client.http('cdn', name, question(false)), explain: explainFileServer };
    try {
      return await httpSource({ ...direct, ...known, url: link, shownUrl: url }).read(range, options);
    } catch (error) {
      if (isRefused(error)) links.drop(file.path, link);
      throw error;
    }
  };
  const turn = (error: LoomError, signal: AbortSignal | undefined) => failures.turn(name, error, signal);
  const source = { key, byteLength, firm: true, remote: true, sha256: file.sha256 ?? undefined, read };
  return failures.share(withRetry(source, { gate, retries, onRetry, turn }), name, file.sha256 !== null);
}

/** A browser cannot read a refusal without CORS headers: it looks like a connection that never was. */
function isRefused(error: unknown): boolean {
  if (!isLoomError(error)) return false;
  return error.tag === 'link-expired' || (error.tag === 'network' && !error.fields.received);
}

/** What the content is known by in every repo and commit that has it; null when the listing does not say. */
function keyOf({ sha256, gitOid }: ListedFile): string | null {
  if (sha256 !== null) return `sha256:${sha256}`;
  return gitOid === null ? null : `git:${gitOid}`;
}
