import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import tls from 'node:tls';
import { LoomError } from '../errors.ts';

export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an address by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (lower case wins, as in curl), or
 * null. This computer itself is never asked through a proxy, as in Go's net/http.
 *
 * @throws LoomError `usage` for a variable that is no address of an HTTP proxy.
 */
export function proxyFor(url: URL, env: ProxyEnvironment): URL | null {
  const get = (name: string) => env[name.toLowerCase()] || env[name] || '';
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = get(name) || get('ALL_PROXY');
  if (value === '' || isThisComputer(url.hostname) || isExempt(url, get('NO_PROXY'))) return null;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : null;
  if (proxy !== null && /^https?:$/.test(proxy.protocol) && proxy.hostname !== '') return proxy;
  const kind = proxy?.protocol.startsWith('socks') ? ' SOCKS proxies are not supported.' : '';
  throw new LoomError(
    'usage',
    `${get(name) ? name : 'ALL_PROXY'} is not the address of an HTTP proxy, such as http://proxy.example:3128.${kind}`,
  );
}

function isThisComputer(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^(127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** `host`, `.domain`, `*.domain`, `host:port`, an address, or `*` for all: a domain exempts what is below it. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const actual = port || (protocol === 'https:' ? '443' : '80');
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      const domain = name.replace(/^\*?\./, '');
      return (!wanted || wanted === actual) && (hostname === domain || hostname.endsWith(`.${domain}`));
    });
}

/** What `Proxy-Authorization` says for the user name and password in the proxy's address. */
function credentials(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

const ports = { 'http:': 80, 'https:': 443 } as const;

function address(url: URL) {
  const port = Number(url.port) || ports[url.protocol as keyof typeof ports];
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/** Opens tunnels through one proxy and keeps them for further requests. */
class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL) {
    super({ keepAlive: true });
    this.#proxy = proxy;
  }

  override createConnection(options: https.RequestOptions, done?: (error: Error | null, socket: Socket) => void) {
    const proxy = this.#proxy;
    const to = `${options.host?.includes(':') ? `[${options.host}]` : options.host}:${options.port}`;
    const client = proxy.protocol === 'https:' ? https : http;
    const headers = { Host: to, ...credentials(proxy) };
    const request = client.request({ ...address(proxy), method: 'CONNECT', path: to, headers, agent: false });
    const fail = (error: Error) => done?.(error, undefined as unknown as Socket);
    request.once('connect', (answer, socket: Socket) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        fail(refusedBy(proxy, to, answer.statusCode ?? 0));
        return;
      }
      const secure = tls.connect({ ...(options as tls.ConnectionOptions), socket, host: undefined });
      secure.once('error', fail);
      secure.once('secureConnect', () => {
        secure.off('error', fail);
        done?.(null, secure);
      });
    });
    request.once('error', fail);
    request.end();
    return undefined as unknown as Socket;
  }
}

/** A proxy's own refusal to pass a request on: it is not the Hub that speaks. */
export function refusedBy(proxy: URL, to: string, status: number): LoomError {
  const todo =
    status === 407
      ? 'It wants a user name and a password: put them into the variable, http://user:password@host:port.'
      : 'Ask who runs the proxy, or name the host in NO_PROXY if it can be reached without.';
  return new LoomError('http-status', `The proxy ${proxy.host} does not lead to ${to} (${status}). ${todo}`, {
    status,
  });
}

const agents = new Map<string, TunnelAgent>();

function agentFor(proxy: URL): TunnelAgent {
  const known = agents.get(proxy.href) ?? new TunnelAgent(proxy);
  agents.set(proxy.href, known);
  return known;
}

/** One request through a proxy, without following redirects: `https:` by a tunnel, `http:` by the proxy's own request. */
export function fetchThrough(
  proxy: URL,
  url: URL,
  init: {
    readonly method: string;
    readonly headers: Headers;
    readonly signal: AbortSignal | undefined;
    readonly body?: string | Uint8Array | undefined;
  },
): Promise<Response> {
  const { method, signal, body } = init;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const headers = { ...Object.fromEntries(init.headers), ...length };
  return new Promise((resolve, reject) => {
    const take = (answer: http.IncomingMessage) => {
      if (answer.statusCode === 407 && url.protocol === 'http:') {
        answer.resume();
        reject(refusedBy(proxy, url.host, 407));
      } else resolve(responseOf(answer, method));
    };
    const request =
      url.protocol === 'https:'
        ? https.request(url, { method, headers, agent: agentFor(proxy), ...(signal ? { signal } : {}) }, take)
        : (proxy.protocol === 'https:' ? https : http).request(
            {
              ...address(proxy),
              method,
              path: url.href,
              headers: { ...headers, host: url.host, ...credentials(proxy) },
              ...(signal ? { signal } : {}),
            },
            take,
          );
    request.once('error', reject);
    request.end(body);
  });
}

function responseOf(answer: http.IncomingMessage, method: string): Response {
  const status = answer.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headersDistinct))
    for (const one of value ?? []) headers.append(name, one);
  const empty = method === 'HEAD' || status === 204 || status === 304;
  if (empty) answer.resume();
  const body = empty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>>);
  return new Response(body, { status, headers });
}
