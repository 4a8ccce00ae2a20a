import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, createServer as createPlainServer, type Server as PlainServer } from 'node:net';
import type { Certificate } from './certificate.ts';

/** What stands between a client and the Hub; each listens on loopback. */
export interface Front {
  readonly url: string;
  /** Requests that came, method and address; for a proxy also `CONNECT host:port`. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

interface PassOptions {
  /** Path that stands before every path of the Hub, as at a company's own copy; taken off, and put before redirects. */
  readonly prefix?: string;
  /** Speaks TLS with it. */
  readonly secure?: Certificate;
}

/** Passes every request on to the Hub at `target`. */
export function startFront(target: string, { prefix = '', secure }: PassOptions = {}): Promise<Front> {
  const seen: string[] = [];
  const answer = (message: IncomingMessage, res: ServerResponse) => {
    const url = message.url ?? '/';
    seen.push(`${message.method} ${url}`);
    if (!url.startsWith(`${prefix}/`)) res.writeHead(404).end('Nothing lies here.');
    else passOn(target + url.slice(prefix.length), message, res, prefix);
  };
  const server = secure ? createSecureServer(secure, answer) : createServer(answer);
  return listening(server, seen, secure ? 'https' : 'http');
}

function passOn(url: string, message: IncomingMessage, res: ServerResponse, prefix = ''): void {
  const { method, headers } = message;
  const asked = request(url, { method, headers: { ...headers, host: new URL(url).host } }, (answer) => {
    const { location } = answer.headers;
    const moved = location?.startsWith('/') ? { location: prefix + location } : {};
    res.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...moved });
    answer.pipe(res);
    answer.once('error', () => res.destroy());
  });
  asked.once('error', () => res.destroy());
  res.once('close', () => asked.destroy());
  message.pipe(asked);
}

/** What a proxy does with who asks: passes on to the Hub, shows a page of refusal, or wants a password. */
export type ProxyMode = 'passes' | 'refuses' | 'wants-password';

/** A proxy that leads every name to the Hub at `target`. */
export function startProxy(target: string, mode: ProxyMode): Promise<Front> {
  const seen: string[] = [];
  const page = '<!doctype html><html><body><h1>Access denied by policy</h1></body></html>';
  const status = mode === 'wants-password' ? 407 : 403;
  const server = createServer((message, res) => {
    seen.push(`${message.method} ${message.url}`);
    const { pathname, search } = new URL(message.url ?? '/', target);
    if (mode === 'passes') passOn(target + pathname + search, message, res);
    else res.writeHead(status, { 'Content-Type': 'text/html' }).end(page);
  });
  server.on('connect', (message, socket) => {
    seen.push(`CONNECT ${message.url}`);
    if (mode !== 'passes') {
      socket.end(
        `HTTP/1.1 ${status} Refused\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      );
      return;
    }
    const { hostname, port } = new URL(target);
    const way = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      way.pipe(socket).pipe(way);
    });
    way.on('error', () => socket.destroy());
    socket.on('error', () => way.destroy());
  });
  return listening(server, seen, 'http');
}

/** Says the same bytes to whoever connects and sends something, and closes; nothing at all where there are none. */
export function startRaw(bytes: string | null): Promise<Front> {
  const seen: string[] = [];
  const server = createPlainServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (data) => {
      seen.push(data.toString('latin1').split('\r\n', 1)[0] ?? '');
      if (bytes !== null) socket.end(bytes);
    });
  });
  return listening(server, seen, 'http');
}

/** The address of a port where nobody listens. */
export async function deadAddress(): Promise<string> {
  const { url, close } = await startRaw(null);
  await close();
  return url;
}

async function listening(server: PlainServer, seen: readonly string[], scheme: 'http' | 'https'): Promise<Front> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `${scheme}://127.0.0.1:${port}`, seen, close };
}
