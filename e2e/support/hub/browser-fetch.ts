/** Headers that need no preflight, as far as our readers send them. */
const SAFE_REQUEST = new Set(['accept', 'accept-language', 'content-language', 'range']);
/** Headers that a page may read without their being exposed. */
const SAFE_RESPONSE = new Set([
  'cache-control',
  'content-language',
  'content-length',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
]);
const MAX_REDIRECTS = 20;

interface Hop {
  readonly url: string;
  readonly origin: string;
  readonly headers: Headers;
}

function failed(): TypeError {
  return new TypeError('Failed to fetch');
}

function allows(response: Response, origin: string): boolean {
  const allowed = response.headers.get('access-control-allow-origin');
  return allowed === '*' || allowed === origin;
}

async function preflight(hop: Hop, method: string, seen: Set<string>): Promise<void> {
  const names = [...hop.headers.keys()].filter((name) => !SAFE_REQUEST.has(name)).sort();
  const key = `${method} ${hop.url} ${names.join()}`;
  if (names.length === 0 || seen.has(key)) return;
  const asked = {
    Origin: hop.origin,
    'Access-Control-Request-Method': method,
    'Access-Control-Request-Headers': names.join(','),
  };
  const answer = await fetch(hop.url, { method: 'OPTIONS', headers: asked });
  await answer.body?.cancel();
  const granted = (answer.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(/\s*,\s*/);
  if (!answer.ok || !allows(answer, hop.origin) || !names.every((name) => granted.includes(name))) throw failed();
  seen.add(key);
}

/** The answer as a page sees it: only exposed headers, and the last address. */
function shown(response: Response, url: string): Response {
  const exposed = (response.headers.get('access-control-expose-headers') ?? '').toLowerCase().split(/\s*,\s*/);
  const visible = ([name]: [string, string]) =>
    SAFE_RESPONSE.has(name) || exposed.includes('*') || exposed.includes(name);
  const headers = new Headers([...response.headers].filter(visible));
  const body = response.status === 204 || response.status === 304 ? null : response.body;
  return Object.defineProperty(new Response(body, { status: response.status, headers }), 'url', { value: url });
}

/**
 * A `fetch` for Node that keeps a browser's rules for a page of another origin: preflights, unreadable answers and
 * headers, the token dropped where a redirect leaves its origin.
 */
export function browserFetch(page = 'http://app.example'): typeof fetch {
  const preflights = new Set<string>();
  return async (input, init = {}) => {
    const method = init.method ?? 'GET';
    let hop: Hop = { url: String(input), origin: page, headers: new Headers(init.headers) };
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      await preflight(hop, method, preflights);
      const headers = new Headers(hop.headers);
      headers.set('Origin', hop.origin);
      const signal = init.signal ?? null;
      // A page is not told why a connection failed, only that it was stopped.
      const answer = await fetch(hop.url, { method, headers, signal, redirect: 'manual' }).catch((error: unknown) => {
        throw signal?.aborted ? error : failed();
      });
      const location = answer.headers.get('location');
      if (!allows(answer, hop.origin)) {
        await answer.body?.cancel();
        throw failed();
      }
      if (answer.status < 300 || answer.status > 399 || location === null) return shown(answer, hop.url);
      await answer.body?.cancel();
      hop = follow(hop, new URL(location, hop.url));
    }
    throw failed();
  };
}

function follow(hop: Hop, target: URL): Hop {
  const headers = new Headers(hop.headers);
  const leaves = target.origin !== new URL(hop.url).origin;
  if (leaves) headers.delete('authorization');
  return { url: target.href, origin: leaves ? 'null' : hop.origin, headers };
}
