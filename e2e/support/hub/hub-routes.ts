import { callerOf, type HubContext } from './context.ts';
import { badRequest, type HubProblem, notSignedIn, problemReply, revisionNotFound, routeNotFound } from './errors.ts';
import { type Exchange, jsonReply, type Reply, readRequestBody, reply } from './exchange.ts';
import { completeReply, lfsBatchReply, lfsVerifyReply } from './lfs-routes.ts';
import { parsePathsInfo, pathsInfoReply, treeReply } from './listing.ts';
import { infoReply, searchReply } from './model-info.ts';
import { oauthReply } from './oauth.ts';
import { encodePath, rawReply, resolveCacheReply, resolveReply } from './resolve.ts';
import { type Commit, denyContent, denyListing, findCommit, hiddenRepo, type StoredRepo } from './store.ts';
import { commitReply, createBranchReply, createRepoReply, preuploadReply } from './uploads.ts';
import { xetTokenReply } from './xet.ts';

type RepoType = 'model' | 'dataset';

interface RepoPath {
  readonly type: RepoType;
  readonly id: string;
  /** Raw segments before the name, and after it. */
  readonly before: string;
  readonly rest: readonly string[];
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Splits raw segments into a repo's name (one segment for old names, else two) and the rest. */
function splitName(context: HubContext, type: RepoType, before: string, segments: readonly string[]): RepoPath {
  const [first = ''] = segments;
  const length = segments.length === 1 || context.store.isShortName(type, decode(first)) ? 1 : 2;
  const id = segments.slice(0, length).map(decode).join('/');
  return { type, id, before, rest: segments.slice(length) };
}

/** A revision may be one encoded segment, or `refs/…` with its slashes; the path follows. */
function splitRevision(rest: readonly string[]): { revision: string; path: string } {
  const [first = 'main'] = rest;
  const length = first === 'refs' ? 3 : 1;
  const revision = rest.slice(0, length).map(decode).join('/');
  return { revision, path: rest.slice(length).map(decode).join('/') };
}

function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, '').split('/').slice(1);
}

function wrong(problem: HubProblem): Reply {
  return problemReply(problem, 'json');
}

function renamed(exchange: Exchange, parsed: RepoPath, canonical: string): Reply {
  const search = exchange.url.slice(exchange.path.length);
  const path = [parsed.before + encodePath(canonical), ...parsed.rest].join('/');
  return reply(307, { Location: path + search });
}

interface RepoCall {
  readonly context: HubContext;
  readonly exchange: Exchange;
  readonly repo: StoredRepo;
  readonly rest: readonly string[];
}

function withCommit(call: RepoCall, revision: string, answer: (commit: Commit) => Reply): Reply {
  const commit = findCommit(call.repo, revision);
  return commit === undefined ? wrong(revisionNotFound(revision)) : answer(commit);
}

function refsReply({ repo }: RepoCall): Reply {
  const list = (prefix: string): unknown[] =>
    [...repo.refs]
      .filter(([ref]) => ref.startsWith(prefix))
      .map(([ref, targetCommit]) => ({ name: ref.slice(prefix.length), ref, targetCommit }));
  const branches = list('refs/heads/');
  return jsonReply(200, { branches, tags: list('refs/tags/'), converts: list('refs/convert/') });
}

function commitsReply(call: RepoCall, revision: string): Reply {
  const denied = denyContent(call.repo, callerOf(call.context, call.exchange));
  if (denied !== null) return wrong(denied);
  return withCommit(call, revision, (head) => {
    const list: unknown[] = [];
    for (
      let at: Commit | undefined = head;
      at;
      at = at.parent === null ? undefined : call.repo.commits.get(at.parent)
    ) {
      list.push({ id: at.sha, title: at.title, message: '', authors: [{ user: 'moe-loom' }], date: at.date });
    }
    return jsonReply(200, list, { 'X-Total-Count': String(list.length) });
  });
}

async function pathsInfo(call: RepoCall): Promise<Reply> {
  const body = await readRequestBody(call.exchange.message);
  const request = parsePathsInfo(body, call.exchange.message.headers['content-type'] ?? '');
  const { revision } = splitRevision(call.rest.slice(1));
  return withCommit(call, revision, (commit) => pathsInfoReply(call.repo, commit, request));
}

function xetToken(call: RepoCall): Reply {
  const denied = denyContent(call.repo, callerOf(call.context, call.exchange));
  return denied === null ? xetTokenReply(call.context) : wrong(denied);
}

function readRoute(call: RepoCall): Reply {
  const { context, exchange, repo, rest } = call;
  const [verb, ...after] = rest;
  const { revision, path } = splitRevision(after);
  if (verb === undefined) return withCommit(call, 'HEAD', (commit) => infoReply(exchange, repo, commit));
  if (verb === 'revision') return withCommit(call, revision, (commit) => infoReply(exchange, repo, commit));
  if (verb === 'tree') return withCommit(call, revision, (commit) => treeReply(context, exchange, repo, commit, path));
  if (verb === 'refs') return refsReply(call);
  if (verb === 'commits') return commitsReply(call, revision);
  if (verb === 'xet-read-token') return xetToken(call);
  return wrong(routeNotFound());
}

async function writeRoute(call: RepoCall): Promise<Reply> {
  const [verb, ...after] = call.rest;
  const { revision } = splitRevision(after);
  if (verb === 'paths-info') return pathsInfo(call);
  const caller = callerOf(call.context, call.exchange);
  if (caller.kind !== 'user') return wrong(notSignedIn());
  if (verb === 'preupload') return preuploadReply(call.exchange, call.repo, revision, caller.user);
  if (verb === 'commit') return commitReply(call.context, call.exchange, call.repo, revision, caller.user);
  if (verb === 'branch') return createBranchReply(call.context, call.repo, revision, caller.user);
  return wrong(routeNotFound());
}

/** Finds the repo a path names, or answers in its stead: 307 to the canonical name, or not there. */
function openRepo(
  context: HubContext,
  exchange: Exchange,
  parsed: RepoPath,
  form: 'json' | 'text',
): StoredRepo | Reply {
  const found = context.store.find(parsed.type, parsed.id);
  const caller = callerOf(context, exchange);
  if (found === null) return problemReply(hiddenRepo(caller), form);
  if ('canonical' in found) return renamed(exchange, parsed, found.canonical);
  const denied = denyListing(found.repo, caller);
  return denied === null ? found.repo : problemReply(denied, form);
}

async function apiRepoRoute(context: HubContext, exchange: Exchange, parsed: RepoPath): Promise<Reply> {
  const repo = openRepo(context, exchange, parsed, 'json');
  if ('status' in repo) return repo;
  const call = { context, exchange, repo, rest: parsed.rest };
  return exchange.method === 'POST' ? writeRoute(call) : readRoute(call);
}

function cacheRoute(context: HubContext, exchange: Exchange, segments: readonly string[]): Reply {
  const [types = '', ...rest] = segments;
  const type = types === 'datasets' ? 'dataset' : 'model';
  const parsed = splitName(context, type, `/api/resolve-cache/${types}/`, rest);
  const repo = openRepo(context, exchange, parsed, 'text');
  if ('status' in repo) return repo;
  const [sha = '', ...path] = parsed.rest.map(decode);
  return resolveCacheReply(context, exchange, repo, sha, path.join('/'));
}

function whoami(context: HubContext, exchange: Exchange): Reply {
  const caller = callerOf(context, exchange);
  if (caller.kind !== 'user') return wrong(notSignedIn());
  const { name } = caller.user;
  const oauth = caller.token.startsWith('hf_oauth_');
  const accessToken = { displayName: name, role: 'read', createdAt: '2025-04-27T00:00:00.000Z' };
  const auth = oauth ? { type: 'oauth_app' } : { type: 'access_token', accessToken };
  const id = Buffer.from(name).toString('hex').padEnd(24, '0').slice(0, 24);
  const user = { type: 'user', id, name, fullname: name, email: `${name}@example.org`, emailVerified: true };
  return jsonReply(200, { ...user, canPay: false, isPro: false, avatarUrl: '', orgs: [], auth });
}

async function apiRoute(context: HubContext, exchange: Exchange, segments: readonly string[]): Promise<Reply> {
  const [first = '', ...rest] = segments;
  if (first === 'whoami-v2') return whoami(context, exchange);
  if (first === 'repos' && rest[0] === 'create') return createRepoReply(context, exchange, callerOf(context, exchange));
  if (first === 'complete_multipart') return completeReply(context, exchange);
  if (first === 'lfs-verify') return lfsVerifyReply(context, exchange);
  if (first === 'resolve-cache') return cacheRoute(context, exchange, rest);
  if (first !== 'models' && first !== 'datasets') return wrong(routeNotFound());
  const type = first === 'models' ? 'model' : 'dataset';
  if (rest.length === 0) {
    return searchReply(
      exchange,
      context.store.list().filter((one) => one.type === type),
    );
  }
  return apiRepoRoute(context, exchange, splitName(context, type, `/api/${first}/`, rest));
}

async function fileRoute(context: HubContext, exchange: Exchange, segments: readonly string[]): Promise<Reply> {
  const dataset = segments[0] === 'datasets';
  const names = dataset ? segments.slice(1) : segments;
  const parsed = splitName(context, dataset ? 'dataset' : 'model', dataset ? '/datasets/' : '/', names);
  const [verb, ...after] = parsed.rest;
  if (exchange.url.includes('.git/info/lfs/objects/batch'))
    return lfsBatchReply(context, exchange, callerOf(context, exchange));
  if (verb !== 'resolve' && verb !== 'raw') return problemReply(routeNotFound(), 'text');
  const repo = openRepo(context, exchange, parsed, 'text');
  if ('status' in repo) return repo;
  const { revision, path } = splitRevision(after);
  const answer = verb === 'resolve' ? resolveReply : rawReply;
  return answer(context, exchange, repo, revision, path);
}

export async function hubReply(context: HubContext, exchange: Exchange): Promise<Reply> {
  if (!['GET', 'HEAD', 'POST'].includes(exchange.method)) return wrong(badRequest('Method not allowed'));
  const segments = segmentsOf(exchange.path);
  const [first] = segments;
  if (first === 'oauth' || first === '.well-known') return oauthReply(context, exchange);
  if (first === 'api') return apiRoute(context, exchange, segments.slice(1));
  return fileRoute(context, exchange, segments);
}
