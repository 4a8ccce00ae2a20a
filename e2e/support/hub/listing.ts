import type { HubContext } from './context.ts';
import { badRequest, entryNotFound, problemReply } from './errors.ts';
import { type Exchange, jsonReply, type Reply } from './exchange.ts';
import { hex, identityOf, pointerText, type RepoFile } from './repo.ts';
import type { Commit, StoredRepo } from './store.ts';

interface TreeEntryJson {
  type: 'file' | 'directory';
  oid: string;
  size: number;
  path: string;
  lfs?: { oid: string; size: number; pointerSize: number };
  xetHash?: string;
  lastCommit?: { id: string; title: string; date: string };
  securityFileStatus?: { status: string };
}

function fileEntry(file: RepoFile): TreeEntryJson {
  const { oid, sha256, xetHash } = identityOf(file);
  const { size } = file.body;
  const entry: TreeEntryJson = { type: 'file', oid, size, path: file.path };
  if (file.kind !== 'git') entry.lfs = { oid: sha256, size, pointerSize: pointerText(sha256, size).length };
  if (file.kind === 'xet') entry.xetHash = xetHash;
  return entry;
}

function expandEntry(entry: TreeEntryJson, commit: Commit): TreeEntryJson {
  entry.lastCommit = { id: commit.sha, title: commit.title, date: commit.date };
  if (entry.type === 'file') entry.securityFileStatus = { status: 'safe' };
  return entry;
}

/** Every folder of a commit, without a slash at the end. */
function foldersOf(commit: Commit): Set<string> {
  const folders = new Set<string>();
  for (const path of commit.files.keys()) {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) folders.add(path.slice(0, at));
  }
  return folders;
}

/** Paths below a folder, folders among them, sorted: `null` if there is no such folder. */
function pathsUnder(commit: Commit, folder: string, recursive: boolean): string[] | null {
  const folders = foldersOf(commit);
  if (folder !== '' && !folders.has(folder)) return null;
  const prefix = folder === '' ? '' : `${folder}/`;
  return [...folders, ...commit.files.keys()]
    .filter((path) => path.startsWith(prefix) && (recursive || !path.slice(prefix.length).includes('/')))
    .sort();
}

function entryAt(repo: StoredRepo, commit: Commit, path: string): TreeEntryJson {
  const file = commit.files.get(path);
  if (file !== undefined) return fileEntry(file);
  return { type: 'directory', oid: hex('sha1', 'tree', repo._id, commit.sha, path), size: 0, path };
}

function nextLink(context: HubContext, exchange: Exchange, offset: number): string {
  const query = new URLSearchParams(exchange.query);
  query.set('cursor', Buffer.from(JSON.stringify({ offset })).toString('base64url'));
  return `<${context.urls.hub}${exchange.path}?${query.toString()}>; rel="next"`;
}

function cursorOffset(cursor: string | null): number | null {
  if (cursor === null) return 0;
  try {
    const { offset } = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as { offset?: unknown };
    return typeof offset === 'number' ? offset : null;
  } catch {
    return null;
  }
}

export function treeReply(
  context: HubContext,
  exchange: Exchange,
  repo: StoredRepo,
  commit: Commit,
  folder: string,
): Reply {
  const expand = exchange.query.get('expand') === 'true';
  const paths = pathsUnder(commit, folder, exchange.query.get('recursive') === 'true');
  if (paths === null) return problemReply(entryNotFound(commit.sha), 'json');
  const offset = cursorOffset(exchange.query.get('cursor'));
  if (offset === null) return problemReply(badRequest('Invalid cursor'), 'json');
  const most = expand ? context.switches.treePageExpanded : context.switches.treePage;
  const limit = Math.min(most, Number(exchange.query.get('limit') ?? most) || most);
  const entries = paths.slice(offset, offset + limit).map((path) => entryAt(repo, commit, path));
  if (expand) for (const entry of entries) expandEntry(entry, commit);
  const more = offset + limit < paths.length;
  return jsonReply(200, entries, more ? { Link: nextLink(context, exchange, offset + limit) } : {});
}

interface PathsInfoRequest {
  readonly paths: readonly string[];
  readonly expand: boolean;
}

export function parsePathsInfo(body: string, contentType: string): PathsInfoRequest | null {
  if (!contentType.includes('json')) {
    const form = new URLSearchParams(body);
    return { paths: form.getAll('paths'), expand: form.get('expand')?.toLowerCase() === 'true' };
  }
  try {
    const { paths, expand } = JSON.parse(body) as { paths?: unknown; expand?: unknown };
    const list = typeof paths === 'string' ? [paths] : paths;
    return Array.isArray(list) ? { paths: list.map(String), expand: expand === true } : null;
  } catch {
    return null;
  }
}

/** Entries of the named paths; those that are not there are left out. */
export function pathsInfoReply(repo: StoredRepo, commit: Commit, request: PathsInfoRequest | null): Reply {
  if (request === null) return problemReply(badRequest('"paths" is required'), 'json');
  const folders = foldersOf(commit);
  const entries = request.paths
    .filter((path) => commit.files.has(path) || folders.has(path))
    .map((path) => entryAt(repo, commit, path));
  if (request.expand) for (const entry of entries) expandEntry(entry, commit);
  return jsonReply(200, entries);
}
