import type { IncomingMessage } from 'node:http';
import type { Body } from './body.ts';
import { EMPTY_BODY, textBody } from './body.ts';

export type Origin = 'hub' | 'cdn';
export type RequestClass = 'api' | 'resolver' | 'pages' | 'cdn' | 'preflight';

/** One request as tests see it. It stands in the journal from its arrival; status and bytes follow. */
export interface JournalEntry {
  readonly origin: Origin;
  readonly method: string;
  /** Path with query, as it came. */
  readonly path: string;
  readonly range: string | null;
  readonly hasAuthorization: boolean;
  readonly originHeader: string | null;
  /** Access-Control-Request-Headers. */
  readonly acrh: string | null;
  readonly class: RequestClass;
  /** Milliseconds since the epoch, wall clock. */
  readonly t: number;
  /** 0 until the answer begins. */
  status: number;
  /** Body bytes handed to the socket. */
  bytesSent: number;
  /** When the last of them was, milliseconds since the epoch; 0 before that, and without a body. */
  ended: number;
  /** The rules that struck, by their action. */
  readonly faults: string[];
}

/** A request, read. `path` is the raw path: its segments may be percent-encoded. */
export interface Exchange {
  readonly origin: Origin;
  readonly method: string;
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly message: IncomingMessage;
  readonly range: string | null;
  readonly authorization: string | null;
  readonly client: string;
}

/** How the body leaves, when a fault changes that. */
export interface Transport {
  delayMs?: number;
  /** Nothing is sent before this resolves. */
  until?: Promise<void>;
  /** The connection is reset before a word of the answer. */
  resetFirst?: boolean;
  bytesPerSecond?: number;
  stall?: { afterBytes: number; ms: number };
  resetAfterBytes?: number;
  /** Send this many bytes; the length header still promises all. */
  cutAfterBytes?: number;
  chunked?: boolean;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** The part `[start, end)` of `body` is sent; both default to the whole. */
  body: Body;
  start: number;
  end: number;
  transport: Transport;
}

export function reply(status: number, headers: Record<string, string>, content: string | Body = EMPTY_BODY): Reply {
  const body = typeof content === 'string' ? textBody(content) : content;
  return { status, headers, body, start: 0, end: body.size, transport: {} };
}

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return reply(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers }, JSON.stringify(value));
}

export function textReply(status: number, text: string, headers: Record<string, string> = {}): Reply {
  return reply(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, text);
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A single byte range as `[start, end)`; `null` when there is none to honour, `outside` when it lies past the end. */
export function parseRange(header: string | null, size: number): ByteRange | 'outside' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'outside' : { start: size - length, end: size };
  }
  const start = Number(first);
  if (start >= size) return 'outside';
  if (last !== '' && Number(last) < start) return null;
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

/** 200 or 206 with a part of `body`; 416 as the CDN gives it: empty, without Content-Range. */
export function bodyReply(body: Body, range: string | null, headers: Record<string, string>): Reply {
  const part = parseRange(range, body.size);
  if (part === 'outside') return reply(416, {});
  const base = { ...reply(200, { 'Accept-Ranges': 'bytes', ...headers }, body) };
  if (part === null) return base;
  base.headers['Content-Range'] = `bytes ${part.start}-${part.end - 1}/${body.size}`;
  return { ...base, status: 206, ...part };
}

export async function readRequestBody(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
