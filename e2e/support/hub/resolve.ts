import { gzipSync } from 'node:zlib';
import { callerOf, type HubContext } from './context.ts';
import { entryNotFound, problemReply, revisionNotFound } from './errors.ts';
import { bodyReply, type Exchange, type Reply, reply, textReply } from './exchange.ts';
import { identityOf, pointerText, type RepoFile } from './repo.ts';
import { type Commit, denyContent, findCommit, type StoredRepo } from './store.ts';

const FILE_INFO = 'application/vnd.xet-fileinfo+json';

interface Target {
  readonly repo: StoredRepo;
  readonly commit: Commit;
  readonly file: RepoFile;
}

const TYPES = new Map([
  ['json', 'application/json; charset=utf-8'],
  ['md', 'text/plain; charset=utf-8'],
  ['txt', 'text/plain; charset=utf-8'],
]);

function contentType(path: string): string {
  const extension = path.slice(path.lastIndexOf('.') + 1);
  return TYPES.get(extension) ?? 'text/plain; charset=utf-8';
}

export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function apiPrefix(repo: StoredRepo): string {
  return `/api/${repo.type}s/${repo.repo.id}`;
}

function linkedHeaders(context: HubContext, { repo, commit, file }: Target): Record<string, string> {
  const { sha256, xetHash } = identityOf(file);
  const headers: Record<string, string> = {
    'X-Repo-Commit': commit.sha,
    'X-Linked-Size': String(file.body.size),
    'X-Linked-ETag': `"${sha256}"`,
    'Accept-Ranges': 'bytes',
  };
  if (file.kind !== 'xet') return headers;
  const { hub, cdn } = context.urls;
  headers['X-Xet-Hash'] = xetHash;
  const auth = `<${hub}${apiPrefix(repo)}/xet-read-token/${commit.sha}>; rel="xet-auth"`;
  headers.Link = `${auth}, <${cdn}/v1/reconstructions/${xetHash}>; rel="xet-reconstruction-info"`;
  return headers;
}

/** A fresh signed address at the CDN, bound to the Range of the request it answers. */
function signedUrl(context: HubContext, exchange: Exchange, { repo, file }: Target): string {
  const { sha256, xetHash } = identityOf(file);
  const hash = file.kind === 'xet' ? xetHash : sha256;
  context.store.publish(hash, file);
  const bound = context.switches.rangeBinding === 'bound';
  const signed = context.signer.sign({
    path: `/xet-bridge-us/${repo._id}/${hash}`,
    expires: Math.floor(context.now() / 1000) + context.switches.urlTtlSeconds,
    expectedRange: bound ? exchange.range : null,
    fileName: file.path.slice(file.path.lastIndexOf('/') + 1),
  });
  return context.urls.cdn + signed;
}

function largeFileReply(context: HubContext, exchange: Exchange, target: Target): Reply {
  const headers = linkedHeaders(context, target);
  const { file } = target;
  context.store.publish(identityOf(file).xetHash, file);
  if (file.kind === 'xet' && exchange.message.headers.accept?.includes(FILE_INFO)) {
    const { sha256, xetHash } = identityOf(file);
    const info = JSON.stringify({ hash: xetHash, size: file.body.size, etag: sha256 });
    return reply(200, { 'Content-Type': FILE_INFO, ETag: `"${sha256}"`, ...headers }, info);
  }
  const location = signedUrl(context, exchange, target);
  return textReply(302, `Found. Redirecting to ${location}`, { Location: location, ...headers });
}

function smallFileReply(exchange: Exchange, { repo, commit, file }: Target): Reply {
  const { oid } = identityOf(file);
  const query = `${encodeURIComponent(exchange.path)}=&etag=${encodeURIComponent(`"${oid}"`)}`;
  const path = `/api/resolve-cache/${repo.type}s/${repo.repo.id}/${commit.sha}/${encodePath(file.path)}`;
  const location = `${path}?${query}`;
  const headers = { Location: location, ETag: `"${oid}"`, 'X-Repo-Commit': commit.sha, 'X-Linked-Size': '' };
  headers['X-Linked-Size'] = String(file.body.size);
  return textReply(307, `Temporary Redirect. Redirecting to ${location}`, headers);
}

/** The file that a path of a revision means, or the refusal. */
function locate(
  context: HubContext,
  exchange: Exchange,
  repo: StoredRepo,
  revision: string,
  path: string,
): { target: Target } | { refusal: Reply } {
  const denied = denyContent(repo, callerOf(context, exchange));
  if (denied !== null) return { refusal: problemReply(denied, 'text') };
  const commit = findCommit(repo, revision);
  if (commit === undefined) return { refusal: problemReply(revisionNotFound(revision), 'json') };
  const file = commit.files.get(path);
  if (file === undefined) return { refusal: problemReply(entryNotFound(commit.sha), 'text') };
  return { target: { repo, commit, file } };
}

export function resolveReply(
  context: HubContext,
  exchange: Exchange,
  repo: StoredRepo,
  revision: string,
  path: string,
): Reply {
  const located = locate(context, exchange, repo, revision, path);
  if ('refusal' in located) return located.refusal;
  const { target } = located;
  if (target.file.kind !== 'git') return largeFileReply(context, exchange, target);
  if (exchange.message.headers['if-none-match'] === `"${identityOf(target.file).oid}"`) {
    return reply(304, { ETag: `"${identityOf(target.file).oid}"`, 'X-Repo-Commit': target.commit.sha });
  }
  return smallFileReply(exchange, target);
}

function stripped(headers: Record<string, string>, bytes: Uint8Array): Reply {
  const answer = reply(200, { ...headers, 'Content-Encoding': 'gzip', Vary: 'Origin, Accept-Encoding' });
  const body = gzipSync(bytes);
  answer.body = { size: body.byteLength, read: (start, end) => body.subarray(start, end) };
  answer.end = body.byteLength;
  answer.transport.chunked = true;
  return answer;
}

/** Where the 307 of a git file leads: the bytes themselves. */
export function resolveCacheReply(
  context: HubContext,
  exchange: Exchange,
  repo: StoredRepo,
  revision: string,
  path: string,
): Reply {
  const located = locate(context, exchange, repo, revision, path);
  if ('refusal' in located) return located.refusal;
  const { commit, file } = located.target;
  const etag = `"${identityOf(file).oid}"`;
  const headers = { ETag: etag, 'X-Repo-Commit': commit.sha, 'Content-Type': contentType(file.path) };
  if (exchange.message.headers['if-none-match'] === etag) return reply(304, headers);
  const gzip = exchange.message.headers['accept-encoding']?.includes('gzip');
  if (context.switches.gzipStrip && gzip && exchange.range === null) {
    return stripped(headers, file.body.read(0, file.body.size));
  }
  return bodyReply(file.body, exchange.range, headers);
}

/** `/raw/`: what lies in git, the pointer for large files. */
export function rawReply(
  context: HubContext,
  exchange: Exchange,
  repo: StoredRepo,
  revision: string,
  path: string,
): Reply {
  const located = locate(context, exchange, repo, revision, path);
  if ('refusal' in located) return located.refusal;
  const { commit, file } = located.target;
  const { oid, sha256 } = identityOf(file);
  const headers = { ETag: `"${oid}"`, 'X-Repo-Commit': commit.sha };
  if (file.kind !== 'git') return textReply(200, pointerText(sha256, file.body.size), headers);
  return bodyReply(file.body, exchange.range, { 'Content-Type': contentType(file.path), ...headers });
}
