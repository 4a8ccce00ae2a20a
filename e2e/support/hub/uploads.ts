import { bytesBody } from './body.ts';
import type { HubContext } from './context.ts';
import { badRequest, problemReply, revisionNotFound } from './errors.ts';
import { type Exchange, jsonReply, type Reply, readRequestBody } from './exchange.ts';
import { mayNotWrite } from './lfs-routes.ts';
import { type RepoFile, repoFile, storageOf } from './repo.ts';
import { findCommit, type StoredRepo } from './store.ts';
import { type Caller, mayWrite, type User } from './users.ts';

/** Says of each file whether it goes into git or not (huggingface.js, `ApiPreuploadResponse`). */
export async function preuploadReply(exchange: Exchange, repo: StoredRepo, branch: string, user: User): Promise<Reply> {
  if (!mayWrite(user)) return problemReply(mayNotWrite(), 'json');
  if (findCommit(repo, branch) === undefined) return problemReply(revisionNotFound(branch), 'json');
  const { files } = JSON.parse(await readRequestBody(exchange.message)) as { files: { path: string; size: number }[] };
  if (files.length > 256) return problemReply(badRequest('Too many files'), 'json');
  const answers = files.map(({ path, size }) => {
    const uploadMode = storageOf(path, size) === 'git' ? 'regular' : 'lfs';
    return { path, uploadMode, shouldIgnore: false };
  });
  return jsonReply(200, { files: answers });
}

interface CommitLine {
  readonly key: string;
  readonly value: {
    readonly path?: string;
    readonly content?: string;
    readonly encoding?: string;
    readonly oid?: string;
    readonly size?: number;
    readonly summary?: string;
    readonly parentCommit?: string;
  };
}

/**
 * `POST …/commit/{branch}`, NDJSON (huggingface.js `commit.ts`). Another head than `parentCommit` is answered 412
 * (huggingface/datasets#7777), a pointer to an object that is not there as in huggingface_hub#3829.
 */
export async function commitReply(
  context: HubContext,
  exchange: Exchange,
  repo: StoredRepo,
  branch: string,
  user: User,
): Promise<Reply> {
  if (!mayWrite(user)) return problemReply(mayNotWrite(), 'json');
  const head = findCommit(repo, branch);
  if (head === undefined) return problemReply(revisionNotFound(branch), 'json');
  const text = await readRequestBody(exchange.message);
  const lines = text.split('\n').filter(Boolean);
  const files = new Map(head.files);
  let title = 'Upload files';
  for (const { key, value } of lines.map((line) => JSON.parse(line) as CommitLine)) {
    const { path = '' } = value;
    if (key === 'header') {
      title = value.summary ?? title;
      if (value.parentCommit !== undefined && value.parentCommit !== head.sha) return conflict();
    } else if (key === 'deletedFile') files.delete(path);
    else if (key === 'file') {
      const encoding = value.encoding === 'base64' ? 'base64' : 'utf8';
      files.set(path, repoFile(path, Buffer.from(value.content ?? '', encoding), 'git'));
    } else if (key === 'lfsFile') {
      const file = lfsFile(context, path, value.oid ?? '', value.size ?? -1);
      if (file === null) return problemReply(badRequest(missingObject(path)), 'json');
      files.set(path, file);
    } else return problemReply(badRequest(`The fixture takes no ${key}`), 'json');
  }
  const commit = context.store.commit(repo.repo.id, files.values(), title, branch);
  const commitUrl = `${context.urls.hub}/${repo.repo.id}/commit/${commit.sha}`;
  return jsonReply(200, { success: true, commitOid: commit.sha, commitUrl, hookOutput: '' });
}

function conflict(): Reply {
  const message = 'A commit has happened since. Please refresh and try again.';
  return problemReply({ status: 412, message }, 'json');
}

function missingObject(path: string): string {
  return `Your push was rejected because an LFS pointer pointed to a file that does not exist. Offending file: - ${path}`;
}

function lfsFile({ lfs, store }: HubContext, path: string, oid: string, size: number): RepoFile | null {
  const bytes = lfs.object(oid);
  const known = bytes === undefined ? store.blob(oid)?.body : bytesBody(bytes);
  return known === undefined || known.size !== size ? null : repoFile(path, known, 'lfs');
}

/** `POST /api/repos/create` (huggingface.js `create-repo.ts`; 409 as huggingface_hub's `exist_ok` reads it). */
export async function createRepoReply(context: HubContext, exchange: Exchange, caller: Caller): Promise<Reply> {
  if (caller.kind !== 'user') return problemReply({ status: 401, message: 'Invalid username or password.' }, 'json');
  const body = JSON.parse(await readRequestBody(exchange.message)) as {
    name: string;
    organization?: string;
    private?: boolean;
    type?: string;
  };
  const id = `${body.organization ?? caller.user.name}/${body.name}`;
  if (!mayWrite(caller.user, true))
    return problemReply(
      {
        status: 403,
        message: `You don't have the rights to create a model under the namespace "${body.organization}"`,
      },
      'json',
    );
  const found = context.store.find('model', id);
  if (found !== null) return problemReply({ status: 409, message: 'You already created this model repo' }, 'json');
  const attributes = repoFile('.gitattributes', '*.safetensors filter=lfs diff=lfs merge=lfs -text\n', 'git');
  context.store.add({ id, files: [attributes], private: body.private === true });
  return jsonReply(200, { url: `${context.urls.hub}/${id}`, name: id, id: `${id}` });
}

/** `POST /api/models/{repo}/branch/{branch}` (huggingface.js `create-branch.ts`). */
export function createBranchReply(context: HubContext, repo: StoredRepo, branch: string, user: User): Reply {
  if (!mayWrite(user)) return problemReply(mayNotWrite(), 'json');
  if (findCommit(repo, branch) !== undefined)
    return problemReply({ status: 409, message: `Reference already exists: refs/heads/${branch}` }, 'json');
  context.store.branch(repo, branch);
  return jsonReply(200, {});
}
