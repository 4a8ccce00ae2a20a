import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { framesOf, pagePolicy } from '../deploy/headers.ts';
import { serverHeaders } from './cli/serve/app-headers.ts';

const pathOf = (name: string) => fileURLToPath(new URL(`../deploy/${name}`, import.meta.url));

/** File of a small site → what a browser must be told that it is: with `nosniff`, a script of another type does not run. */
const FILES = {
  'index.html': /^text\/html/,
  'assets/part-a1b2c3d4.js': /^(text|application)\/javascript/,
  'assets/part-a1b2c3d4.css': /^text\/css/,
  'assets/ort-a1b2c3d4.wasm': /^application\/wasm/,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-loom-site-'));
  // The server may run as a user of another name.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'site', 'assets'), { recursive: true });
  for (const name of Object.keys(FILES)) writeFileSync(join(folder, 'site', name), name);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A server on a socket in `folder`: the whole configuration around a snippet, how it starts, and which process it is then. */
const SERVERS = {
  nginx: {
    configuration: (snippet: string) => `
      pid ${folder}/pid; error_log ${folder}/log; events {}
      http {
        include /etc/nginx/mime.types; access_log off;
        server { listen unix:${folder}/socket; root ${folder}/site; include ${snippet}; }
      }`,
    start: (file: string) => ['-p', folder, '-c', file],
  },
  caddy: {
    configuration: (snippet: string) => `{
      admin off
      auto_https off
    }
    http:// {
      bind unix/${folder}/socket
      root * ${folder}/site
      file_server
      import ${snippet}
    }`,
    start: (file: string) => ['start', '--adapter', 'caddyfile', '--config', file, '--pidfile', `${folder}/pid`],
  },
};

for (const [program, name] of [
  ['nginx', 'nginx.conf'],
  ['nginx', 'space/nginx.conf'],
  ['caddy', 'Caddyfile'],
] as const)
  it.skipIf(spawnSync(program, ['-v']).error !== undefined)(
    `${program} with ${name} serves every file with its headers, where it is installed`,
    async () => {
      const snippet = join(folder, 'snippet');
      copyFileSync(pathOf(name), snippet);
      const file = join(folder, 'server.conf');
      writeFileSync(file, SERVERS[program].configuration(snippet));
      // Not a pipe: the server would hold it open, and this would wait for it.
      const log = openSync(join(folder, 'started'), 'w');
      const { status } = spawnSync(program, SERVERS[program].start(file), { stdio: ['ignore', log, log] });
      closeSync(log);
      expect(status, readFileSync(join(folder, 'started'), 'utf8')).toBe(0);
      try {
        for (const [path, type] of Object.entries(FILES)) {
          const headers = await headersOf(path === 'index.html' ? '/' : `/${path}`);
          expect(headers).toMatchObject({
            ...Object.fromEntries(
              serverHeaders(pagePolicy(), framesOf(name)).map(([key, value]) => [key.toLowerCase(), value]),
            ),
            'content-type': expect.stringMatching(type),
            'cache-control': path.startsWith('assets/') ? expect.stringContaining('immutable') : 'no-cache',
          });
        }
      } finally {
        if (existsSync(`${folder}/pid`)) process.kill(Number(readFileSync(`${folder}/pid`, 'utf8')), 'SIGTERM');
      }
    },
  );

function headersOf(path: string): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    request({ socketPath: join(folder, 'socket'), path, headers: { host: 'localhost' } }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve(response.headers);
      else reject(new Error(`${path}: ${response.statusCode}`));
    })
      .on('error', reject)
      .end();
  });
}
