import { gzipSync } from 'node:zlib';
import { type Body, bytesBody, concatBody, repeatBody, textBody } from './body.ts';
import { cdnErrorReply } from './cdn.ts';
import type { HubContext } from './context.ts';
import {
  badCredentials,
  disabledRepo,
  entryNotFound,
  gatedForbidden,
  gatedLogin,
  type HubProblem,
  notSignedIn,
  problemReply,
  rateLimited,
  repoNotFound,
  revisionNotFound,
} from './errors.ts';
import { type Exchange, type Reply, reply, textReply } from './exchange.ts';
import type { FaultAction, WrittenAnswer } from './faults.ts';
import type { RateCounter } from './rate.ts';
import type { RepoFile } from './repo.ts';
import { mainCommit } from './store.ts';

/** An un-ranged shard sent instead of a range goes out at this pace: endless for a test. */
const ENDLESS_BPS = 20_000_000;

/** `ns/name` out of any path of the Hub. */
function repoIdOf(exchange: Exchange): string {
  const path = exchange.path.replace(/^\/api\/resolve-cache\/|^\/api\//, '/').replace(/^\/(models|datasets)\//, '/');
  return path.split('/').slice(1, 3).map(decodeURIComponent).join('/');
}

function problemOf(type: FaultAction['type'], exchange: Exchange): HubProblem | null {
  if (type === 'gated401') return gatedLogin(repoIdOf(exchange));
  if (type === 'gated403' || type === 'gateRevoked') return gatedForbidden(repoIdOf(exchange));
  if (type === '401bare') return notSignedIn();
  if (type === '401badcreds') return badCredentials();
  if (type === '404repo') return repoNotFound();
  if (type === '404rev') return revisionNotFound('main');
  if (type === '404entry') return entryNotFound();
  return type === 'disabled403' ? disabledRepo() : null;
}

function serverError(action: Extract<FaultAction, { type: '5xx' }>): Reply {
  const status = action.status ?? 503;
  if (!action.html) return textReply(status, 'Service Unavailable');
  const page = `<html><head><title>${status} ERROR</title></head><body><h1>${status} ERROR</h1></body></html>`;
  return reply(status, { 'Content-Type': 'text/html' }, page);
}

function rate429(action: Extract<FaultAction, { type: 'rate429' }>): Reply {
  const answer = problemReply(rateLimited(), 'json');
  if (action.retryAfter !== undefined) answer.headers['Retry-After'] = String(action.retryAfter);
  answer.headers.RateLimit = `"resolvers";r=${action.r ?? 0};t=${action.t ?? 120}`;
  return answer;
}

/** The answer that a fault gives instead of the real one, if it does. */
export function replaceReply(action: FaultAction, exchange: Exchange): Reply | null {
  const { type } = action;
  if (type === 'rate429') return rate429(action);
  if (type === '5xx') return serverError(action);
  if (type === 'sigExpired') return cdnErrorReply(403, 'Auth failed: expired');
  if (type === 'sigWrongRange') return cdnErrorReply(403, 'Auth failed: invalid range');
  if (type === '416') return reply(416, {});
  if (type === 'preflightFail') return reply(action.status ?? 403, {});
  if (type === 'redirectLoop') return reply(302, { Location: exchange.url });
  const problem = problemOf(type, exchange);
  const form = exchange.path.startsWith('/api/') ? 'json' : 'text';
  return problem === null ? null : problemReply(problem, form);
}

function grown(file: RepoFile): RepoFile {
  const body = concatBody([file.body, repeatBody(0, 8)]);
  const { sha256 } = file;
  return { ...file, body, sha256: sha256 && (() => sha256().replace(/^./, (digit) => (digit === '0' ? '1' : '0'))) };
}

function moveMain(context: HubContext, id: string, grow: boolean): void {
  const found = context.store.find('model', id) ?? context.store.find('dataset', id);
  if (found === null || !('repo' in found)) return;
  const files = [...mainCommit(found.repo).files.values()];
  const next = grow ? files.map((file) => (file.kind === 'git' ? file : grown(file))) : files;
  context.store.commit(id, next, 'Move main under the reader');
}

/** What a fault changes in the server itself, before the request is answered. */
export function prepareFault(context: HubContext, rate: RateCounter, action: FaultAction, exchange: Exchange): void {
  if (action.type === 'commitFlip' || action.type === 'sizeFlip') {
    moveMain(context, action.repo ?? repoIdOf(exchange), action.type === 'sizeFlip');
  }
  if (action.type === 'quotaReal') {
    const { type, ...settings } = action;
    Object.assign(rate.settings, settings, { enforce: true });
  }
}

function wrongContentRange(answer: Reply, mode: 'shift' | 'total' | 'missing' | '*'): void {
  const value = answer.headers['Content-Range'];
  if (value === undefined) return;
  const [, start = '0', end = '0', total = '0'] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(value) ?? [];
  if (mode === 'missing') delete answer.headers['Content-Range'];
  else if (mode === '*') answer.headers['Content-Range'] = `bytes ${start}-${end}/*`;
  else if (mode === 'total') answer.headers['Content-Range'] = `bytes ${start}-${end}/${Number(total) + 4096}`;
  else answer.headers['Content-Range'] = `bytes ${Number(start) + 1}-${Number(end) + 1}/${total}`;
}

function shiftBody(answer: Reply, by: number): void {
  const shift = answer.end + by <= answer.body.size ? by : -Math.min(by, answer.start);
  answer.start += shift;
  answer.end += shift;
}

function flipBit(answer: Reply, byte: number): void {
  const { body } = answer;
  const at = byte < 0 ? body.size + byte : byte;
  const read = (start: number, end: number) => {
    const bytes = Uint8Array.from(body.read(start, end));
    if (at >= start && at < end) bytes[at - start] = (bytes[at - start] ?? 0) ^ 1;
    return bytes;
  };
  answer.body = { size: body.size, read };
}

function lengthen(answer: Reply, bytes: number): void {
  const { body, start, end } = answer;
  answer.body = concatBody([
    { size: end - start, read: (a, b) => body.read(start + a, start + b) },
    repeatBody(0, bytes),
  ]);
  answer.start = 0;
  answer.end = answer.body.size;
}

function gzipBody(answer: Reply): void {
  const zipped = gzipSync(answer.body.read(answer.start, answer.end));
  answer.body = bytesBody(zipped);
  answer.start = 0;
  answer.end = zipped.byteLength;
  answer.headers['Content-Encoding'] = 'gzip';
}

function dropRange(answer: Reply, bps: number | undefined): void {
  answer.status = 200;
  delete answer.headers['Content-Range'];
  delete answer.headers['Accept-Ranges'];
  answer.start = 0;
  answer.end = answer.body.size;
  answer.transport.bytesPerSecond = bps ?? ENDLESS_BPS;
}

/** Faults that strike only an answer with a part of a file. */
function alterPart(action: FaultAction, answer: Reply): void {
  if (action.type === 'ignoreRange') dropRange(answer, action.bps);
  if (action.type === 'wrongContentRange') wrongContentRange(answer, action.mode);
  if (action.type === 'rangeShiftedBody') shiftBody(answer, action.by ?? 1);
  if (action.type === 'flipBit') flipBit(answer, action.byte);
  if (action.type === 'overlong') lengthen(answer, action.bytes ?? 16);
  if (action.type === 'gzipOnRange') gzipBody(answer);
}

function alterTransport(action: FaultAction, { transport }: Reply): void {
  if (action.type === 'reset') transport.resetAfterBytes = action.afterBytes ?? 0;
  if (action.type === 'truncateCL') transport.cutAfterBytes = action.bytes;
  if (action.type === 'truncateChunked') Object.assign(transport, { cutAfterBytes: action.bytes, chunked: true });
  if (action.type === 'slow') transport.bytesPerSecond = action.bps;
  if (action.type === 'stall') transport.stall = { afterBytes: action.afterBytes, ms: action.ms };
  if (action.type === 'ttfb') Object.assign(transport, { delayMs: action.ms, until: action.until });
}

function flipEtag(headers: Record<string, string>): void {
  for (const name of ['ETag', 'X-Linked-ETag']) {
    if (headers[name] !== undefined)
      headers[name] = headers[name].replace(/[0-9a-f]/g, (digit) => (digit === '0' ? '1' : '0'));
  }
}

function redirectTo(answer: Reply, location: string): void {
  if (answer.status < 400) answer.status = 302;
  answer.headers.Location = location;
}

function alterLinks(context: HubContext, action: FaultAction, exchange: Exchange, answer: Reply): void {
  const { headers } = answer;
  const { hub, cdn, otherCdn } = context.urls;
  if (action.type === 'cdnHostSwap' && headers.Location) headers.Location = headers.Location.replace(cdn, otherCdn);
  if (action.type === 'redirectToHttp') redirectTo(answer, `http://insecure.invalid${exchange.url}`);
  if (action.type === 'redirectToEvil') redirectTo(answer, `${otherCdn}/evil${exchange.url}`);
  if (action.type === 'linkLoop') headers.Link = `<${hub}${exchange.url}>; rel="next"`;
  if (action.type === 'linkForeign') headers.Link = `<${otherCdn}/evil${exchange.url}>; rel="next"`;
}

function stripCors(headers: Record<string, string>): void {
  for (const name of Object.keys(headers)) if (name.startsWith('Access-Control-')) delete headers[name];
}

function writeAnswer(answer: Reply, { status, bare, headers = {}, body, edit, transport }: WrittenAnswer): void {
  if (status !== undefined) answer.status = status;
  if (bare) answer.headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) delete answer.headers[name];
    else answer.headers[name] = value;
  }
  Object.assign(answer.transport, transport);
  if (body !== undefined) setBody(answer, typeof body === 'string' ? textBody(body) : body);
  edit?.(answer);
}

/** Puts another body into an answer, whole. */
export function setBody(answer: Reply, body: Body): void {
  answer.body = body;
  answer.start = 0;
  answer.end = body.size;
  delete answer.headers['Content-Length'];
}

/** What a fault changes in the finished answer. */
export function alterReply(context: HubContext, action: FaultAction, exchange: Exchange, answer: Reply): void {
  if (answer.status === 206) alterPart(action, answer);
  alterTransport(action, answer);
  alterLinks(context, action, exchange, answer);
  if (action.type === 'etagFlip') flipEtag(answer.headers);
  if (action.type === 'cacheable') answer.headers['Cache-Control'] = 'public, max-age=31536000';
  if (action.type === 'noCORS' || ('cors' in action && action.cors === false)) stripCors(answer.headers);
  if (action.type === 'preflightFail') stripCors(answer.headers);
  if (action.type === 'answer') writeAnswer(answer, action);
}
