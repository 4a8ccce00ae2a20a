import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' };

export interface PackagePages {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `examples` and `dist` as the npm package has them. `alter` may change a page, such as the endpoint of its elements.
 * The policy of a page is in the page.
 */
export async function servePackage(alter: (page: string) => string): Promise<PackagePages> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
    const type = TYPES[extname(path)];
    if (!/^\/(examples|dist)\//.test(path) || type === undefined) {
      response.writeHead(404).end();
      return;
    }
    const text = readFileSync(join(ROOT, path), 'utf8');
    response.writeHead(200, { 'Content-Type': type }).end(type.startsWith('text/html') ? alter(text) : text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
