import { randomBytes } from 'node:crypto';
import type { Exchange, Reply } from './exchange.ts';
import { reply } from './exchange.ts';

/** Exactly what the Hub exposes; RateLimit, Retry-After and Location are not among it. */
export const EXPOSED_HEADERS =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash';

function requestId(): string {
  const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
  return `Root=1-${hex(4)}-${hex(12)}`;
}

/** The headers that every answer of the Hub carries, errors and redirects too. */
export function withHubHeaders(exchange: Exchange, answer: Reply, resolver: boolean): Reply {
  const own = answer.headers;
  const common: Record<string, string> = {
    'Access-Control-Allow-Origin': exchange.message.headers.origin ?? 'https://huggingface.co',
    'Access-Control-Max-Age': '86400',
    'Access-Control-Expose-Headers': EXPOSED_HEADERS,
    Vary: resolver ? 'Origin, Accept' : 'Origin',
    'X-Powered-By': 'huggingface-moon',
    'X-Request-Id': requestId(),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'strict-origin-when-cross-origin',
  };
  if (resolver && exchange.authorization === null) {
    common['X-HF-Warning'] =
      'unauthenticated; You are sending unauthenticated requests to the HF Hub. Please set a HF_TOKEN to enable higher rate limits and faster downloads.';
  }
  answer.headers = { ...common, ...own };
  return answer;
}

export function hubPreflight(exchange: Exchange): Reply {
  const { headers } = exchange.message;
  const answer = reply(200, {});
  const method = headers['access-control-request-method'];
  const names = headers['access-control-request-headers'];
  if (method !== undefined) answer.headers['Access-Control-Allow-Methods'] = method;
  if (names !== undefined) answer.headers['Access-Control-Allow-Headers'] = names;
  return withHubHeaders(exchange, answer, false);
}

/** Pages on workers.dev are turned away, without CORS. */
export function isBlockedReferer(exchange: Exchange): boolean {
  const { referer } = exchange.message.headers;
  if (referer === undefined || !URL.canParse(referer)) return false;
  return new URL(referer).hostname.endsWith('.workers.dev');
}
