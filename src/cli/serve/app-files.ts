import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import type { ServedNote } from '../../core/index.ts';
import { jsonOf, LoomError, xmlText } from '../../core/index.ts';
import { RUNTIME } from '../runtime.ts';
import { serverHeaders } from './app-headers.ts';
import { removedWorker, WORKER_FILE } from './removed-worker.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

export interface AppFile {
  readonly type: string;
  readonly body: Buffer;
}

/** The built app, by the paths under which pages ask for it. */
export interface AppFiles {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Null for a path that is none of the app's. */
  get(path: string): Promise<AppFile | null>;
  /** The page, with what it is to know of this server. */
  page(note: ServedNote): AppFile;
}

/**
 * The files of a built app. Names are listed once and looked up: no path is made of what a request says.
 *
 * @throws LoomError `path-not-found` where there is no built app.
 */
export async function openAppFiles(folder: string): Promise<AppFiles> {
  const html = await readFile(join(folder, 'index.html'), 'utf8').catch((cause) => {
    const message = `The app is not beside this command: there is no ${join(folder, 'index.html')}. Install the package moe-loom, or run \`npm run build\` in a clone.`;
    throw new LoomError('path-not-found', message, {}, cause);
  });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const known = new Map(
    entries
      .filter((entry) => entry.isFile() && TYPES[extname(entry.name)] !== undefined)
      .map((entry) => {
        const full = join(entry.parentPath, entry.name);
        return [full.slice(folder.length + 1).replaceAll('\\', '/'), full] as const;
      }),
  );
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html)?.[1];
  if (policy === undefined)
    throw new LoomError('internal', 'The page of the built app has no Content-Security-Policy.');
  return {
    headers: serverHeaders(policy),
    get: async (path) => {
      // Pages of this server register none; an app that this address served before may have left one.
      if (path === WORKER_FILE) return { type: TYPES['.js'] as string, body: Buffer.from(removedWorker(true)) };
      const full = known.get(path) ?? (RUNTIME_FILE.test(path) ? await runtimeFile() : undefined);
      if (full === undefined) return null;
      return { type: TYPES[extname(path)] as string, body: await readFile(full) };
    },
    page: (note) => {
      const meta = `<meta name="moe-loom-served" content="${xmlText(jsonOf(note))}" />`;
      return { type: TYPES['.html'] as string, body: Buffer.from(html.replace('</head>', () => `${meta}</head>`)) };
    },
  };
}

/** What the app's runtime asks for: the package leaves it out, because of its size. */
const RUNTIME_FILE = /^assets\/ort-wasm-simd-threaded-[\w-]+\.wasm$/;

/** The same file of the runtime that is installed beside this program; undefined for none, or one of another version. */
async function runtimeFile(): Promise<string | undefined> {
  try {
    const file = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
    const about: unknown = JSON.parse(await readFile(join(dirname(dirname(file)), 'package.json'), 'utf8'));
    const { version } = about as { readonly version?: unknown };
    return RUNTIME === `onnxruntime-web@${version}` ? file : undefined;
  } catch {
    return undefined;
  }
}
