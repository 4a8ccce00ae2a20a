import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import { formatBytes } from '../units.ts';
import { bodyChunks } from './body-chunks.ts';
import { type Clock, systemClock } from './clock.ts';
import { insistOnRange, insistOnState, overlong, type SeenTags, short } from './http-range.ts';
import type { HttpExchange, HttpRefusal } from './http-types.ts';
import { describeHop, type Hop, trailOf, whyUnreachable } from './trail.ts';
import type { ByteRange, ByteSource, ReadOptions } from './types.ts';

export type { SeenTags } from './http-range.ts';
export type { HttpExchange, HttpRefusal } from './http-types.ts';

/** A connection over which nothing came for so long is given up. */
export const STALL_MS = 30_000;
/** A body that is sent gets as much more time as a line of this speed needs for it. */
const SLOWEST_BYTES_PER_SECOND = 64 * 1024;

export interface HttpOptions {
  /** What messages call the thing that is read. */
  readonly name: string;
  /** Asked for at each request, so that a token can change. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined;
  readonly onExchange?: ((exchange: HttpExchange) => void) | undefined;
  /** Puts a refusal into words; see {@link explainRefusal}. */
  readonly explain?: ((refusal: HttpRefusal) => LoomError) | undefined;
  /** A sentence on what else can keep this server from being reached, where the platform gives no reason. */
  readonly hint?: string | undefined;
  /** Milliseconds without a byte after which a request is given up; 30,000 unless given. */
  readonly stallMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly fetch?: typeof fetch | undefined;
}

export interface HttpSourceOptions extends HttpOptions {
  readonly url: string;
  /** The address to tell of instead of `url`, when that one is a secret: a signed one. */
  readonly shownUrl?: string | undefined;
  readonly key: string;
  readonly byteLength: number;
  /** What earlier reads of the file learnt of it; see {@link SeenTags}. */
  readonly tags?: SeenTags | undefined;
}

/**
 * A file on a server that honours ranges; each read is one GET, and gives exactly the bytes asked for or throws.
 *
 * Errors of a body that broke off carry `received`: the bytes that are already in place.
 * @throws LoomError `network`, `stalled`, `read-short` (retryable), `rate-limited`, `server-error`, `http-status`,
 * `range-ignored`, `content-range-wrong`, `read-overlong`, `source-changed` (also where the ETag is not that of an earlier
 * read), `redirect-unsafe`, `cancelled`.
 */
export function httpSource(options: HttpSourceOptions): ByteSource {
  const { key, byteLength } = options;
  return { key, byteLength, read: (range, read) => readRange(options, range, read) };
}

async function readRange(source: HttpSourceOptions, range: ByteRange, read: ReadOptions = {}) {
  const { name, byteLength } = source;
  const length = range.end - range.start;
  if (!(range.start >= 0 && length >= 0 && range.end <= byteLength)) {
    const message = `Bytes ${range.start}–${range.end} are not in ${name} (${byteLength} bytes).`;
    throw new LoomError('internal', message, { file: name });
  }
  const target = read.into?.subarray(0, length) ?? new Uint8Array(length);
  throwIfAborted(read.signal);
  if (length === 0) return target;
  const { url, shownUrl = url } = source;
  return runExchange(source, { url, shownUrl, range }, read.signal, async (response, nextChunk, from) => {
    insistOnRange(response, range, source, from);
    insistOnState(response, range, source, from);
    let received = 0;
    for (let chunk = await nextChunk(); chunk !== null; chunk = await nextChunk()) {
      if (received + chunk.length > length) throw overlong(name, range, from);
      target.set(chunk, received);
      received += chunk.length;
    }
    if (received < length) throw short(name, range, received, from);
    return target;
  });
}

export interface FetchTextOptions extends HttpOptions {
  readonly url: string;
  /** Longest body that is read, in bytes. */
  readonly limit: number;
  /** `GET` unless given. */
  readonly method?: 'GET' | 'POST' | 'PUT' | undefined;
  /** What is sent, whole: the platform tells nothing of how far it is, so that a long body may take long to be answered. */
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  /** The address to tell of instead of `url`, when that one is a secret: a signed one. */
  readonly shownUrl?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Gets the headers of the answer before its body is read. */
  readonly onHeaders?: ((headers: Headers) => void) | undefined;
}

/**
 * The whole of a small text from one origin: redirects may not leave it.
 *
 * @throws LoomError as {@link httpSource}, and `answer-invalid` when it is longer than `limit` or not UTF-8.
 */
export async function fetchText(options: FetchTextOptions): Promise<string> {
  return (await fetchWhole(options)).text;
}

/** Milliseconds that a line at the slowest useful speed takes to send a body. */
function sendingMs(body: FetchTextOptions['body']): number {
  return body === undefined ? 0 : (body.length / SLOWEST_BYTES_PER_SECOND) * 1000;
}

/** A text, and who sent it. */
function fetchWhole(options: FetchTextOptions): Promise<{ readonly text: string; readonly from: string }> {
  const { name, url, shownUrl = url, limit, method = 'GET', body, signal } = options;
  const stallMs = (options.stallMs ?? STALL_MS) + sendingMs(body);
  const asked = { url, shownUrl, range: null, method, body };
  return runExchange({ ...options, stallMs }, asked, signal, async (response, nextChunk, from) => {
    if (leftOrigin(url, response)) throw unsafe(name, url, response);
    options.onHeaders?.(response.headers);
    if (Number(response.headers.get('Content-Length')) > limit) throw tooLong(name, from, limit);
    const parts: Uint8Array[] = [];
    let size = 0;
    for (let chunk = await nextChunk(); chunk !== null; chunk = await nextChunk()) {
      size += chunk.length;
      if (size > limit) {
        throw tooLong(name, from, limit);
      }
      parts.push(chunk.slice());
    }
    return { text: decode(parts, name, from), from };
  });
}

function tooLong(name: string, from: string, limit: number): LoomError {
  const message = `${sentence(name)} from ${from} is longer than the ${formatBytes(limit)} that we read. Check the address of the Hub.`;
  return new LoomError('answer-invalid', message, { limit });
}

function decode(parts: readonly Uint8Array[], name: string, from: string): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
  } catch (cause) {
    const message = `${sentence(name)} from ${from} is not UTF-8 text. Check the address of the Hub.`;
    throw new LoomError('answer-invalid', message, {}, cause);
  }
}

/** As {@link fetchText}, parsed. @throws LoomError `answer-invalid` when it is no JSON. */
export async function fetchJson(options: FetchTextOptions): Promise<unknown> {
  const { text, from } = await fetchWhole(options);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LoomError('answer-invalid', `${sentence(options.name)} from ${from} ${notJson(text)}`, {}, cause);
  }
}

function notJson(text: string): string {
  if (text.trim() === '') return 'is empty. Try again later.';
  if (/^\s*<(!doctype|html|head|body)/i.test(text))
    return 'is a web page, perhaps the sign-in page of your network. Open that address in a browser on this computer to see what it asks for, then try again.';
  return 'is not JSON, or breaks off. Check the address of the Hub, then try again.';
}

/** A file keeps its name as it is; `the listing of …` begins a sentence. */
function sentence(words: string): string {
  return words.replace(/^the /, 'The ');
}

export interface LocateOptions extends HttpOptions {
  readonly url: string;
  readonly byteLength: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where a file's address leads: a HEAD without Range, so that what it leads to serves every range. A secret, mostly.
 *
 * Null when it leads nowhere else, or to something that does not have the file's length.
 * @throws LoomError as {@link httpSource}.
 */
export function locateFile(options: LocateOptions): Promise<string | null> {
  const { url, byteLength, signal } = options;
  return runExchange(options, { url, shownUrl: url, range: null, method: 'HEAD' }, signal, async (response) => {
    const length = response.headers.get('Content-Length');
    return leftOrigin(url, response) && length === String(byteLength) ? response.url : null;
  });
}

type NextChunk = () => Promise<Uint8Array | null>;
/** `from`: who answers, for a sentence. */
type UseAnswer<T> = (response: Response, nextChunk: NextChunk, from: string) => Promise<T>;

interface Asked {
  readonly url: string;
  readonly shownUrl: string;
  readonly range: ByteRange | null;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly body?: FetchTextOptions['body'];
}

/** One request. Whatever goes wrong, the connection is closed and the error is ours. */
async function runExchange<T>(
  options: HttpOptions,
  asked: Asked,
  signal: AbortSignal | undefined,
  use: UseAnswer<T>,
): Promise<T> {
  throwIfAborted(signal);
  const { url, shownUrl, range } = asked;
  const tally = { status: null as number | null, bytes: 0 };
  const tell = (phase: HttpExchange['phase']) =>
    options.onExchange?.({ phase, name: options.name, url: shownUrl, range, ...tally });
  const line = watchLine(options, url, signal);
  tell('sent');
  try {
    const response = await line.guard(send(options, asked, line.signal), 0);
    tally.status = response.status;
    line.answeredBy(response.url);
    if (downgraded(url, response)) throw unsafe(options.name, url, response);
    if (!response.ok) {
      const trail = trailOf(line.signal, url, response.url);
      throw (options.explain ?? explainRefusal)(readRefusal(options, url, response, trail));
    }
    const body = bodyChunks(response.body);
    const nextChunk = async () => {
      const chunk = await line.guard(body.next(), tally.bytes);
      tally.bytes += chunk?.length ?? 0;
      return chunk;
    };
    return await use(response, nextChunk, describeHop(trailOf(line.signal, url, response.url)));
  } catch (error) {
    line.close();
    throw error;
  } finally {
    line.release();
    tell('ended');
  }
}

function send(
  options: HttpOptions,
  { url, range, method = 'GET', body }: Asked,
  signal: AbortSignal,
): Promise<Response> {
  const call = options.fetch ?? fetch;
  const headers = { ...options.headers?.(), ...(range ? { Range: `bytes=${range.start}-${range.end - 1}` } : {}) };
  // no-store: Chromium would run ranged requests for one address one after another through its cache.
  // no-referrer: the Hub turns away pages by their referrer.
  const credentials = isOwnOrigin(url) ? 'same-origin' : 'omit';
  const content = body === undefined ? {} : { body };
  return call(url, {
    method,
    headers,
    signal,
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    credentials,
    ...content,
  });
}

/** True for the server of this page: a session that it gave goes to it, and never along to another origin. */
function isOwnOrigin(url: string): boolean {
  const { location } = globalThis as { location?: { readonly origin?: string } };
  return location?.origin !== undefined && URL.canParse(url) && new URL(url).origin === location.origin;
}

/** Watches a request: who or what ended it decides the error. Firefox calls a reset connection AbortError too. */
function watchLine(options: HttpOptions, url: string, signal: AbortSignal | undefined) {
  const { name, hint = '', stallMs = STALL_MS, clock = systemClock } = options;
  const controller = new AbortController();
  const abort = () => controller.abort();
  let stalled = false;
  let answeredBy = '';
  let stopTimer = () => {};
  const giveUp = () => {
    stalled = true;
    abort();
  };
  const reason = (cause: unknown, received: number) => {
    if (signal?.aborted) return new LoomError('cancelled', 'The work was stopped.');
    // A fetch of ours that follows redirects itself says in its own words what it refused.
    if (isLoomError(cause)) return cause.tag === 'usage' ? cause : refusedOnTheWay(name, cause);
    const trail = trailOf(controller.signal, url, answeredBy);
    if (stalled) return stall(name, stallMs, received, trail);
    return blocked(name, trail, received, cause, hint);
  };
  signal?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    answeredBy: (address: string) => {
      answeredBy = address;
    },
    /** Waits for the network, for `stallMs` at most. */
    guard: async <T>(step: Promise<T>, received: number): Promise<T> => {
      stopTimer();
      stopTimer = clock.after(stallMs, giveUp);
      try {
        return await step;
      } catch (cause) {
        throw reason(cause, received);
      }
    },
    close: abort,
    release: () => {
      stopTimer();
      signal?.removeEventListener('abort', abort);
    },
  };
}

function refusedOnTheWay(name: string, { tag, message, fields }: LoomError): LoomError {
  return new LoomError(tag, `${sentence(name)} cannot be read. ${message}`, { ...fields, file: name });
}

function stall(name: string, stallMs: number, received: number, trail: readonly Hop[]): LoomError {
  const message = `Nothing of ${name} came from ${describeHop(trail)} for ${stallMs / 1000} s. Check the connection, then try again.`;
  return new LoomError('stalled', message, { file: name, received });
}

function blocked(name: string, trail: readonly Hop[], received: number, cause: unknown, hint: string): LoomError {
  const where = describeHop(trail);
  const why = whyUnreachable(cause, trail);
  const message =
    received > 0
      ? `The connection to ${where} broke off while ${name} was read. Check the network, then try again.`
      : why !== null
        ? `${sentence(name)} cannot be reached: ${why}.`
        : `${sentence(name)} cannot be reached: ${where} is blocked or offline. Check the network, proxy and content blockers, then try again.${hint && ` ${hint}`}`;
  return new LoomError('network', message, { file: name, received }, cause);
}

function unsafe(name: string, url: string, { url: led }: Response): LoomError {
  const message = `The request for ${name} was led from ${new URL(url).origin} to ${new URL(led).origin}, which may not answer it. The request was dropped. Check the address of the Hub and the network, then try again.`;
  return new LoomError('redirect-unsafe', message, { file: name });
}

function leftOrigin(url: string, response: Response): boolean {
  return response.url !== '' && new URL(response.url).origin !== new URL(url).origin;
}

function downgraded(url: string, response: Response): boolean {
  return url.startsWith('https:') && response.url.startsWith('http:');
}

function readRefusal(
  { name, clock = systemClock }: HttpOptions,
  url: string,
  response: Response,
  trail: readonly Hop[],
): HttpRefusal {
  const { headers, status } = response;
  const code = headers.get('X-Error-Code');
  const serverText = headers.get('X-Error-Message');
  const ofHub = code !== null || serverText !== null || headers.has('X-Request-Id');
  const isPage = !ofHub && /^text\/html\b/i.test(headers.get('Content-Type') ?? '');
  const elsewhere = leftOrigin(url, response);
  const retryAfter = readWait(headers, clock);
  return { name, status, code, serverText, elsewhere, from: describeHop(trail), isPage, retryAfter };
}

/** Seconds of Retry-After, or until the window of a used-up RateLimit ends. Pages can read neither at the Hub. */
function readWait(headers: Headers, clock: Clock): number | null {
  const after = headers.get('Retry-After');
  if (after !== null && /^\d{1,6}$/.test(after)) return Number(after);
  const date = after === null ? Number.NaN : Date.parse(after);
  if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - clock.now()) / 1000));
  const window = /;\s*r=0\s*;\s*t=(\d{1,6})/.exec(headers.get('RateLimit') ?? '')?.[1];
  return window === undefined ? null : Number(window) + 1;
}

/** A refusal in words, for any server: who, what happened and what to do now. */
export function explainRefusal(refusal: HttpRefusal): LoomError {
  const { name, status, retryAfter, from } = refusal;
  const fields = { file: name, status };
  if (status === 429) {
    const wait = retryAfter === null ? 'a few minutes' : `${retryAfter} s`;
    const message = `${from} asks for fewer requests (429). Wait ${wait}, then retry.`;
    return new LoomError('rate-limited', message, { ...fields, retryAfter, host: from });
  }
  if (status === 408 || status >= 500) {
    const message = `${from} could not answer for ${name} (${status}). Try again in a few minutes.`;
    return new LoomError('server-error', message, fields);
  }
  if (status === 404) {
    return new LoomError('path-not-found', `${from} has no ${name} at this address (404). Check the address.`, fields);
  }
  if (status === 416) {
    const message = `${from} says that ${name} is shorter than the listing says (416). Open the repository again; if it says so again, the file or its listing is an old copy.`;
    return new LoomError('source-changed', message, fields);
  }
  const message = `${from} refused the request for ${name} (${status}). Check the address and your access.`;
  return new LoomError('http-status', message, fields);
}
