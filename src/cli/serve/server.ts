import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoomError, LoomError, parseServedWish, SERVED, type ServedNote } from '../../core/index.ts';
import type { AppFiles } from './app-files.ts';
import type { NamedSource, ServedWork } from './conversion.ts';
import { isRefusal, type Route, routeOf } from './guard.ts';
import { cookieOf, type Keys } from './keys.ts';
import { sendJson, sendText } from './replies.ts';
import type { ServedHub } from './served-hub.ts';

export interface ServeOptions {
  readonly app: AppFiles;
  readonly hub: ServedHub;
  readonly keys: Keys;
  readonly work: ServedWork | null;
  /** The note in the page; made for each page, because results join the sources. */
  readonly note: () => ServedNote;
  /** The source that a repo is; null for none. */
  readonly sourceOf: (repo: string) => NamedSource | null;
  /** Where a link leads to: the query of the app's address. */
  readonly start: (origin: string) => string;
  /** A link was used: there is a new one. */
  readonly onOpened: () => void;
}

/** Milliseconds after which a connection is closed whose headers, or whose whole request, have not come; and between two looks. */
export interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly lookMs: number;
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000, lookMs: 5_000 };
const MOST_CONNECTIONS = 128;
const MOST_HEADERS = 16 * 1024;
const MOST_BODY = 256 * 1024;

/**
 * Serves the app and its sources on loopback alone. Everything but the app's own files wants a session, which only a link
 * gives; see `guard.ts` for what is refused before that.
 *
 * @throws LoomError `usage` where the port is taken.
 */
export async function serve(
  port: number,
  options: ServeOptions,
  { headersMs, requestMs, lookMs }: Patience = PATIENCE,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer({
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: lookMs,
    maxHeaderSize: MOST_HEADERS,
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('request', (request, response) => {
    void answer(request, response, options, bound).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      sendError(response, error);
    });
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `Port ${port} cannot be used: ${cause.message}. Give another one with --port.`;
      reject(new LoomError('usage', message, {}, cause));
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
  return { server, port: bound };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServeOptions,
  port: number,
): Promise<void> {
  for (const [name, value] of options.app.headers) response.setHeader(name, value);
  response.setHeader('Cache-Control', 'no-store');
  const { method = 'GET', url: target = '/', headers } = request;
  const route = routeOf({ method, target, headers });
  if (isRefusal(route)) return sendText(response, route.status, route.reason);
  const cookie = `moe-loom-${port}`;
  const session = cookieOf(headers.cookie, cookie);
  const isKnown = session !== null && options.keys.isSession(session);
  const [first = ''] = route.parts;
  const isWrite = method === 'POST';
  if (!isWrite && method !== 'GET' && method !== 'HEAD')
    return sendText(response, 405, 'This server answers to GET, HEAD and POST.');
  if (first === '' && route.parts.length === 1 && !isWrite) return page(route, isKnown, cookie, response, options);
  const isData = first === SERVED.hub.slice(1) || first === SERVED.conversion.slice(1);
  if (isData && !isKnown) return sendText(response, 401, LOCKED, { 'X-Error-Code': 'SessionEnded' });
  if (first === SERVED.hub.slice(1) && !isWrite) return options.hub.answer(route.parts.slice(1), request, response);
  if (first === SERVED.conversion.slice(1)) return conversion(route, request, response, options);
  const file = isWrite ? null : await options.app.get(route.parts.join('/'));
  if (!file) return sendText(response, 404, 'There is no such page.');
  const isHashed = first === 'assets';
  const caching = isHashed ? { 'Cache-Control': 'public, max-age=31536000, immutable' } : {};
  response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.body.byteLength, ...caching });
  response.end(method === 'HEAD' ? undefined : file.body);
}

const LOCKED =
  'This address needs the link that `moe-loom open` printed in its terminal. A link works once; the terminal shows the next one.';

/** The app's page: a token in the address becomes a session, and is gone from the address. */
async function page(
  { query, origin }: Route,
  isKnown: boolean,
  cookie: string,
  response: ServerResponse,
  { keys, app, note, start, onOpened }: ServeOptions,
): Promise<void> {
  const token = query.get('token');
  if (token !== null) {
    const session = keys.redeem(token);
    if (session === null) return sendText(response, 403, `The link was used before, or is of another run. ${LOCKED}`);
    onOpened();
    response.writeHead(303, {
      Location: `/${start(origin)}`,
      'Set-Cookie': `${cookie}=${session}; HttpOnly; SameSite=Strict; Path=/`,
    });
    return void response.end();
  }
  if (!isKnown) return sendText(response, 403, LOCKED);
  const { type, body } = app.page(note());
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.byteLength });
  response.end(body);
}

async function conversion(
  { parts }: Route,
  request: IncomingMessage,
  response: ServerResponse,
  { work, sourceOf }: ServeOptions,
): Promise<void> {
  const path = `/${parts.join('/')}`;
  const isWrite = request.method === 'POST';
  if (!work)
    return sendText(
      response,
      403,
      'No folder was named to write to. Start again with `moe-loom open … --convert-to <folder>`.',
    );
  if (path === SERVED.conversion && !isWrite) return sendJson(response, work.state());
  if (path === SERVED.stop && isWrite) {
    await work.stop();
    return sendJson(response, work.state());
  }
  if (path !== SERVED.conversion || !isWrite) return sendText(response, 404, 'There is no such page.');
  if (request.headers['content-type'] !== 'application/json') return sendText(response, 415, 'Send application/json.');
  const wish = parseServedWish(JSON.parse(await bodyOf(request)) as unknown);
  const source = sourceOf(wish.repo);
  if (source === null) return sendText(response, 404, 'There is no such source.');
  await work.start(wish, source);
  sendJson(response, work.state());
}

/** @throws LoomError `usage` for a body that is too long. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.byteLength;
    if (length > MOST_BODY) throw new LoomError('usage', 'The request is too long.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function sendError(response: ServerResponse, error: unknown): void {
  const known = isLoomError(error) && error.tag !== 'internal';
  if (error instanceof SyntaxError) sendText(response, 400, 'The request is not JSON.');
  else sendText(response, known ? 409 : 500, known ? error.message : 'This program failed.');
}
