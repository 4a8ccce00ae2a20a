import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/app/', import.meta.url));

/** The types that any static server gives; nothing else is sent with a file. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
};

export interface PlainOptions {
  /** The folder of the address: `/x/y/`. */
  readonly under?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Changes the copy of the built app before it is served. */
  readonly change?: (folder: string) => void;
  readonly port?: number;
}

export interface PlainServer {
  /** Of the app, with a slash at its end. */
  readonly base: string;
  /** The copy that is served: what is changed there is served from the next request on. */
  readonly folder: string;
  /** The path of each request, query included, oldest first. */
  readonly asked: readonly string[];
  /** Answers no more, and cuts what is open. */
  readonly stop: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Serves a copy of the built app as the plainest static server does: a file for a path, and 404 for what is no file. */
export async function servePlain(options: PlainOptions = {}): Promise<PlainServer> {
  const { under = '/', headers = {}, change = () => {}, port = 0 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-served-'));
  cpSync(DIST, folder, { recursive: true });
  change(folder);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const target = request.url ?? '/';
    asked.push(target);
    const path = decodeURIComponent(target.split('?')[0] ?? '');
    const inside = path.startsWith(under) ? path.slice(under.length) : null;
    const file = inside === null ? null : join(folder, normalize(`/${inside === '' ? 'index.html' : inside}`));
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (file === null || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
    response.end(request.method === 'HEAD' ? undefined : readFileSync(file));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}${under}`,
    folder,
    asked,
    stop,
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
