import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ByteSource, type FileEntry, type FileSet, isLoomError, MIB } from '../../core/index.ts';
import { wantedOf } from './ranges.ts';
import { sendJson, sendText } from './replies.ts';

/** A source that pages read as a repo of a Hub. */
export interface ServedSet {
  readonly repo: string;
  readonly files: FileSet;
  /** Its commit where it has one; else made of what the system says of its files. */
  readonly commit: string | null;
}

/** A file as one listing saw it. */
interface Seen {
  readonly entry: FileEntry;
  readonly source: ByteSource;
  readonly etag: string;
}

interface Listing {
  readonly commit: string;
  readonly files: ReadonlyMap<string, Seen>;
}

/** What a Hub answers for a repo: its description, its file tree, and bytes of its files. */
export interface ServedHub {
  add(set: ServedSet): void;
  has(repo: string): boolean;
  /** `parts`: the decoded path below the Hub's address. */
  answer(parts: readonly string[], request: IncomingMessage, response: ServerResponse): Promise<void>;
  dispose(): Promise<void>;
}

/** Bytes read at once. */
const CHUNK = MIB;
/** The connection of a reader that takes nothing for so long is closed. */
const IDLE_MS = 60_000;

/** Only names that a listing has are opened: a request cannot name anything else. */
export function createServedHub(): ServedHub {
  const sets = new Map<string, ServedSet>();
  const listings = new Map<string, Listing>();

  const list = async ({ repo, files, commit }: ServedSet): Promise<Listing> => {
    const seen = new Map<string, Seen>();
    const before = listings.get(repo);
    for (const entry of await files.list()) {
      const source = await files.open(entry.name).catch((error: unknown) => {
        if (isLoomError(error)) return null;
        throw error;
      });
      // What cannot be opened is listed: opening it says why.
      const etag = digest(source?.key ?? `${entry.name}:${entry.byteLength}`);
      if (source) seen.set(entry.name, { entry, source, etag });
    }
    const named = [...seen.values()].map(({ entry, etag }) => `${entry.name}\n${entry.byteLength}\n${etag}`);
    const listing = { commit: commit ?? digest(named.join('\n')), files: seen };
    if (before?.commit === listing.commit) {
      await closeAll(listing);
      return before;
    }
    listings.set(repo, listing);
    if (before) await closeAll(before);
    return listing;
  };

  const describe = async (set: ServedSet, revision: string, response: ServerResponse) => {
    const listing = await list(set);
    if (revision !== 'main' && revision !== listing.commit)
      return refuse(response, 404, 'RevisionNotFound', 'The files were changed. Reload the page.');
    const siblings = [...listing.files.values()].map(({ entry: { name, byteLength }, source: { sha256 } }) => ({
      rfilename: name,
      size: byteLength,
      ...(sha256 === undefined ? {} : { lfs: { sha256, size: byteLength } }),
    }));
    sendJson(response, { id: set.repo, sha: listing.commit, private: true, gated: false, siblings });
  };

  const tree = async (set: ServedSet, response: ServerResponse) => {
    const { files } = await list(set);
    sendJson(
      response,
      [...files.values()].map(({ entry }) => ({ type: 'file', path: entry.name, size: entry.byteLength })),
    );
  };

  const file = async (set: ServedSet, revision: string, name: string, exchange: Exchange) => {
    const { response } = exchange;
    const listing = listings.get(set.repo) ?? (await list(set));
    if (revision !== listing.commit && revision !== 'main')
      return refuse(response, 404, 'RevisionNotFound', 'The files were changed. Reload the page.');
    const seen = listing.files.get(name);
    if (!seen) return refuse(response, 404, 'EntryNotFound', 'There is no such file.');
    await sendBytes(seen, listing.commit, exchange);
  };

  return {
    add: (set) => void sets.set(set.repo, set),
    has: (repo) => sets.has(repo),
    answer: async (parts, request, response) => {
      const asked = questionOf(parts);
      const set = asked && sets.get(asked.repo);
      if (!asked || !set) return refuse(response, 404, 'RepoNotFound', 'There is no such source.');
      if (asked.kind === 'file') return file(set, asked.revision, asked.path, { request, response });
      return asked.kind === 'tree' ? tree(set, response) : describe(set, asked.revision, response);
    },
    dispose: async () => {
      for (const listing of listings.values()) await closeAll(listing);
      for (const { files } of sets.values()) await files.dispose?.();
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type Question =
  | { readonly kind: 'info' | 'tree'; readonly repo: string; readonly revision: string }
  | { readonly kind: 'file'; readonly repo: string; readonly revision: string; readonly path: string };

/** `api/models/{repo}/revision/{r}`, `api/models/{repo}/tree/{r}` and `{repo}/resolve/{r}/{path}`; null for anything else. */
function questionOf(parts: readonly string[]): Question | null {
  if (parts[0] === 'api') {
    const [, models, org, name, kind, revision, ...more] = parts;
    if (models !== 'models' || revision === undefined || more.length > 0) return null;
    const repo = `${org}/${name}`;
    if (kind === 'revision') return { kind: 'info', repo, revision };
    return kind === 'tree' ? { kind: 'tree', repo, revision } : null;
  }
  const [org, name, kind, revision, ...path] = parts;
  if (kind !== 'resolve' || revision === undefined || path.length === 0) return null;
  return { kind: 'file', repo: `${org}/${name}`, revision, path: path.join('/') };
}

async function sendBytes({ source, etag }: Seen, commit: string, { request, response }: Exchange): Promise<void> {
  const { byteLength } = source;
  const wanted = wantedOf(request.headers.range, byteLength);
  const headers = {
    ETag: `"${etag}"`,
    'X-Repo-Commit': commit,
    'Accept-Ranges': 'bytes',
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': 'attachment',
  };
  if (wanted.kind === 'none') {
    response.writeHead(416, { ...headers, 'Content-Range': `bytes */${byteLength}` }).end();
    return;
  }
  const { start, end } = wanted.kind === 'part' ? wanted : { start: 0, end: byteLength };
  const part = wanted.kind === 'part' ? { 'Content-Range': `bytes ${start}-${end - 1}/${byteLength}` } : {};
  response.writeHead(wanted.kind === 'part' ? 206 : 200, { ...headers, ...part, 'Content-Length': end - start });
  if (request.method === 'HEAD') return void response.end();
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for (let at = start; at < end; at += CHUNK) {
      const bytes = await source.read({ start: at, end: Math.min(end, at + CHUNK) }, { signal: gone.signal });
      if (!response.write(bytes)) await drained(response);
    }
    response.end();
  } catch {
    // The status is sent: only a cut body says that the rest is missing.
    response.destroy();
  }
}

/** Waits until a response takes more. @throws Error when it is gone, or has taken nothing for {@link IDLE_MS}. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => () => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      response.off('close', onClose);
      then();
    };
    const fail = settle(() => reject(new Error('The reader is gone.')));
    const onDrain = settle(resolve);
    const onClose = fail;
    const timer = setTimeout(fail, IDLE_MS);
    response.once('drain', onDrain);
    response.once('close', onClose);
  });
}

/** A refusal as the Hub writes it. */
function refuse(response: ServerResponse, status: number, code: string, reason: string): void {
  sendText(response, status, reason, { 'X-Error-Code': code });
}

async function closeAll({ files }: Listing): Promise<void> {
  for (const { source } of files.values()) await source.dispose?.();
}

/** 40 hex digits, as a commit has. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
