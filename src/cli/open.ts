import { spawn } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { LoomError, SERVED, type ServedSource, VERSION } from '../core/index.ts';
import { interruptSignal, print, printJson } from './common.ts';
import { openAppFiles } from './serve/app-files.ts';
import { createServedWork, type NamedSource } from './serve/conversion.ts';
import { createKeys } from './serve/keys.ts';
import { createServedHub } from './serve/served-hub.ts';
import { serve } from './serve/server.ts';
import { openSource, SOURCE_HELP, type SourceFlags, withSource } from './source.ts';
import { tell } from './terminal.ts';

interface OpenFlags extends SourceFlags {
  readonly port?: string;
  readonly convertTo?: string;
  readonly browser?: boolean;
  readonly json?: boolean;
}

/** `moe-loom open [sources...]`: the app on this machine, with what it is to show. It runs until it is stopped. */
export function addOpen(program: Command): void {
  withSource(
    program
      .command('open')
      .description('serve the app on this machine, with these sources in it, until Ctrl-C; two are compared')
      .argument('[sources...]', SOURCE_HELP),
  )
    .option('--port <n>', `the port on 127.0.0.1; ${SERVED.port}, or a free one if that is taken`)
    .option('--convert-to <folder>', 'let the page ask this command to convert, into folders below this one')
    .option('--no-browser', 'print the link and do not open a browser')
    .option('--json', 'print one JSON object with the link, then serve')
    .action(async (sources: string[], flags: OpenFlags) => {
      const signal = interruptSignal();
      const port = portOf(flags.port);
      const app = await openAppFiles(fileURLToPath(new URL('../app', import.meta.url)));
      const hub = createServedHub();
      const named: (ServedSource & NamedSource)[] = [];
      const add = async (text: string, given: SourceFlags) => {
        // What a page reads lies in the folder that was named.
        const flags = { ...given, outside: 'refuse' } as const;
        const { files, path, origin } = await openSource(text, flags, signal);
        const repo = freeName(path === null ? (origin.repo ?? text) : `local/${nameOf(path)}`, hub.has);
        hub.add({ repo, files, commit: path === null ? origin.revision : null });
        named.push({ repo, label: path ?? text, text, flags });
        return repo;
      };
      for (const text of sources) await add(text, flags);
      const folder = flags.convertTo === undefined ? null : await folderOf(flags.convertTo);
      const work = folder === null ? null : createServedWork(folder, (out) => add(out, {}));
      const keys = createKeys();
      const link = (at: number) => `http://127.0.0.1:${at}/?token=${keys.token()}`;
      const options = {
        app,
        hub,
        keys,
        work,
        note: () => ({
          version: VERSION,
          machine: hostname(),
          writesTo: folder,
          sources: named.map(({ repo, label }) => ({ repo, label })),
        }),
        sourceOf: (repo: string) => named.find((source) => source.repo === repo) ?? null,
        start: (origin: string) => startOf(named, origin),
        onOpened: () => tell(`Opened. To open it in another browser: ${link(bound.port)}`),
      };
      const bound = await serveAt(port, options);
      const first = link(bound.port);
      if (flags.json) printJson({ link: first, port: bound.port, sources: options.note().sources }, 'one');
      else
        print(
          [
            first,
            `From another machine: ssh -N -L ${bound.port}:127.0.0.1:${bound.port} ${hostname()}, then open the link there. It works once. Ctrl-C ends the server.`,
          ],
          'whole',
        );
      if (flags.browser !== false && !flags.json && process.stdout.isTTY) openBrowser(first);
      await new Promise<void>((end) => signal.addEventListener('abort', () => end(), { once: true }));
      bound.server.close();
      bound.server.closeAllConnections();
      await work?.stop();
      await hub.dispose();
    });
}

/** @throws LoomError `usage`. */
function portOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new LoomError('usage', `--port takes a number from 0 (any free one) to 65535, not "${text}".`);
}

/** The port that was asked for; else the usual one, or any. */
async function serveAt(port: number | null, options: Parameters<typeof serve>[1]) {
  if (port !== null) return serve(port, options);
  return serve(SERVED.port, options).catch(() => serve(0, options));
}

async function folderOf(text: string): Promise<string> {
  const folder = resolve(text);
  await mkdir(folder, { recursive: true });
  if ((await stat(folder)).isDirectory()) return folder;
  throw new LoomError('not-a-file', `${folder} is not a folder. Give a folder to --convert-to.`, { file: folder });
}

/** The part of a path that people know it by, as a repo may be called. */
function nameOf(path: string): string {
  const name = basename(path).replace(/[^A-Za-z0-9_.-]+/g, '-');
  const plain = name.replace(/--+|\.\.+/g, '-').replace(/^[^A-Za-z0-9_]+|[^A-Za-z0-9_]+$|\.git$/g, '');
  return plain.slice(0, 90) || 'checkpoint';
}

function freeName(repo: string, isTaken: (repo: string) => boolean): string {
  if (!isTaken(repo)) return repo;
  for (let number = 2; ; number++) if (!isTaken(`${repo}-${number}`)) return `${repo}-${number}`;
}

/** The app's address for the first source, beside the second where there are two. */
function startOf(sources: readonly ServedSource[], origin: string): string {
  const [first, second] = sources;
  if (!first) return '';
  const query = new URLSearchParams({ repo: first.repo, endpoint: `${origin}${SERVED.hub}` });
  if (second) {
    query.set('view', 'compare');
    query.set('with', second.repo);
  }
  return `?${query}`;
}

/** Opens the link with what the system opens links with; the link is printed in any case. */
function openBrowser(link: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', link]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', link]
        : ['xdg-open', link];
  const child = spawn(command as string, args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
