import { LoomError } from '../errors.ts';
import { fetchThrough, type ProxyEnvironment, proxyFor } from './proxy.node.ts';
import { noteHop } from './trail.ts';

/** More redirects than this are a circle, or a way that nobody meant. */
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** A redirect's own text, which nobody reads: taken in, so that the connection stays, up to this length. */
const MAX_REDIRECT_BODY = 64 * 1024;

/**
 * `fetch` for the command line: through the proxies of the environment, which Node's own `fetch` does not ask before
 * Node 24, and with redirects that it follows itself, so that who failed can be named.
 *
 * At most five redirects. Credentials do not leave the origin that they were given for. Takes bodies that are a text or
 * bytes; a request with one is led on within its origin alone, and by 307 and 308 alone, which keep it.
 * @throws LoomError `redirect-loop`, `redirect-unsafe`, `usage` for a proxy that is none, `http-status` where a proxy
 * refuses; else what the platform throws.
 */
export function createNodeFetch(env: ProxyEnvironment): typeof fetch {
  return async (input, init = {}) => {
    const first = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    const signal = init.signal ?? undefined;
    const method = init.method ?? 'GET';
    const body = (init.body ?? undefined) as string | Uint8Array<ArrayBuffer> | undefined;
    const way = [first];
    for (;;) {
      const url = way.at(-1) ?? first;
      const proxy = proxyFor(url, env);
      if (signal) noteHop(signal, { host: url.host, proxy: proxy?.host ?? null });
      const response =
        proxy === null
          ? await fetch(url, { ...init, method, headers, redirect: 'manual' })
          : await fetchThrough(proxy, url, { method, headers, signal, body });
      const location = REDIRECTS.has(response.status) ? response.headers.get('Location') : null;
      if (location === null) return answeredBy(url, response);
      const next = nextOf(url, location);
      await discard(response);
      if (body !== undefined && !keepsBody(url, next, response.status)) throw ledAway(url, next);
      if (way.length > MAX_REDIRECTS || way.some(({ href }) => href === next.href)) throw circle([...way, next]);
      if (next.origin !== url.origin) headers.delete('Authorization');
      way.push(next);
    }
  };
}

function nextOf(url: URL, location: string): URL {
  const next = URL.canParse(location, url) ? new URL(location, url) : null;
  if (next !== null && /^https?:$/.test(next.protocol) && !(url.protocol === 'https:' && next.protocol === 'http:'))
    return next;
  const message = `${url.host} led the request to ${placeOf(next)}. It was not followed. Check the address of the Hub and the network, then try again.`;
  throw new LoomError('redirect-unsafe', message);
}

/** What is sent goes to whom it is meant for. */
function keepsBody(url: URL, next: URL, status: number): boolean {
  return next.origin === url.origin && (status === 307 || status === 308);
}

function ledAway(url: URL, next: URL): LoomError {
  const message = `${url.host} led a request that sends something to ${next.origin}. It was not followed. Check the address of the Hub and the network, then try again.`;
  return new LoomError('redirect-unsafe', message);
}

/** Where a redirect leads that is not followed, for a sentence; the rest of the address may be a secret. */
function placeOf(next: URL | null): string {
  if (next === null) return 'a text that is not an address';
  if (!/^https?:$/.test(next.protocol)) return `an address that begins with ${next.protocol}, which is no web address`;
  return `${next.origin}, which is not encrypted, from an encrypted address`;
}

function circle(way: readonly URL[]): LoomError {
  const hosts = way.map(({ host }) => host).filter((host, at, all) => host !== all[at - 1]);
  const count = way.length === 2 ? '1 redirect' : `${way.length - 1} redirects`;
  const message = `The request got no answer after ${count} (${hosts.join(' → ')}). Check the address of the Hub; a proxy or gateway on the way may redirect in a circle.`;
  return new LoomError('redirect-loop', message);
}

async function discard(response: Response): Promise<void> {
  const length = Number(response.headers.get('Content-Length') ?? Number.NaN);
  if (length <= MAX_REDIRECT_BODY) await response.arrayBuffer().catch(() => {});
  else await response.body?.cancel().catch(() => {});
}

/** A response that was made here has no address of its own. */
function answeredBy(url: URL, response: Response): Response {
  return response.url === url.href ? response : Object.defineProperty(response, 'url', { value: url.href });
}
