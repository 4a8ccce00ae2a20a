import type { IncomingHttpHeaders } from 'node:http';

/** A request as it was sent, before anything of it is believed. */
export interface Asked {
  readonly method: string;
  /** The target of its first line: path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Refusal {
  readonly status: number;
  /** A sentence for whoever asked. */
  readonly reason: string;
}

/** A path of ours, its parts decoded, and its query. */
export interface Route {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  /** The address of this server as the browser has it: a forwarded port may differ from ours. */
  readonly origin: string;
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;
const LONGEST_TARGET = 8192;

/**
 * Refuses what no page of this server asks: another name for this machine (a rebound DNS name), a page of another origin, a
 * write without an origin, a path that is odd in any way. What passes is not yet allowed to see files.
 */
export function routeOf({ method, target, headers }: Asked): Route | Refusal {
  const { host = '', origin } = headers;
  if (!LOOPBACK.test(host))
    return refuse(
      421,
      'This server answers only to localhost, 127.0.0.1 and [::1]. Open the link that moe-loom printed.',
    );
  const own = `http://${host.toLowerCase()}`;
  const isWrite = method !== 'GET' && method !== 'HEAD';
  if (origin !== undefined && origin !== own) return refuse(403, 'Pages of other origins may not ask this server.');
  if (isWrite && origin === undefined) return refuse(403, 'A request that changes something must name its origin.');
  const site = headers['sec-fetch-site'];
  const isVisit = !isWrite && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (site !== undefined && site !== 'same-origin' && !isVisit)
    return refuse(403, 'Pages of other sites may not ask this server.');
  if (target.length > LONGEST_TARGET) return refuse(414, 'The address is too long.');
  const [path = '', search = ''] = cut(target, '?');
  const parts = partsOf(path);
  if (parts === null) return refuse(400, 'The address is not one of this server.');
  return { parts, query: new URLSearchParams(search), origin: own };
}

export function isRefusal(value: Route | Refusal): value is Refusal {
  return 'reason' in value;
}

function refuse(status: number, reason: string): Refusal {
  return { status, reason };
}

/** The decoded parts of `/a/b`; null for an encoding that is none, and for parts that lead elsewhere. */
function partsOf(path: string): readonly string[] | null {
  if (!path.startsWith('/') || path.startsWith('//')) return null;
  const parts: string[] = [];
  for (const part of path.slice(1).split('/')) {
    const text = decoded(part);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    if (text === null || text === '.' || text === '..' || /[\x00-\x1f\x7f/\\]/.test(text)) return null;
    parts.push(text);
  }
  return parts.slice(0, -1).includes('') ? null : parts;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function cut(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
