import type { HubContext } from './context.ts';
import { badRequest, missingScope, problemReply } from './errors.ts';
import { type Exchange, jsonReply, type Reply, readRequestBody } from './exchange.ts';
import { repoFile, storageOf } from './repo.ts';
import { mainCommit, type StoredRepo } from './store.ts';
import type { User } from './users.ts';

/** Says of each file whether it goes into git or not. */
export async function preuploadReply(exchange: Exchange): Promise<Reply> {
  const { files } = JSON.parse(await readRequestBody(exchange.message)) as { files: { path: string; size: number }[] };
  const answers = files.map(({ path, size }) => {
    const uploadMode = storageOf(path, size) === 'git' ? 'regular' : 'lfs';
    return { path, uploadMode, shouldIgnore: false };
  });
  return jsonReply(200, { files: answers });
}

/** Large uploads are not built: every object is refused by name. */
export async function lfsBatchReply(exchange: Exchange): Promise<Reply> {
  const { objects } = JSON.parse(await readRequestBody(exchange.message)) as {
    objects: { oid: string; size: number }[];
  };
  const error = { code: 501, message: 'The fixture takes no large files' };
  const answers = objects.map(({ oid, size }) => ({ oid, size, error }));
  return jsonReply(200, { transfer: 'basic', objects: answers }, { 'Content-Type': 'application/vnd.git-lfs+json' });
}

interface CommitLine {
  readonly key: string;
  readonly value: { readonly path?: string; readonly content?: string; readonly encoding?: string; summary?: string };
}

/** `POST …/commit/{branch}`, NDJSON: small files put or deleted; lines for large files are refused. */
export async function commitReply(
  context: HubContext,
  exchange: Exchange,
  repo: StoredRepo,
  user: User,
): Promise<Reply> {
  if (!user.owner) return problemReply(missingScope(), 'json');
  const text = await readRequestBody(exchange.message);
  const lines = text.split('\n').filter(Boolean);
  const files = new Map(mainCommit(repo).files);
  let title = 'Upload files';
  for (const { key, value } of lines.map((line) => JSON.parse(line) as CommitLine)) {
    const { path = '' } = value;
    if (key === 'header') title = value.summary ?? title;
    else if (key === 'deletedFile') files.delete(path);
    else if (key === 'file') {
      const encoding = value.encoding === 'base64' ? 'base64' : 'utf8';
      files.set(path, repoFile(path, Buffer.from(value.content ?? '', encoding)));
    } else return problemReply(badRequest(`The fixture takes no ${key}`), 'json');
  }
  const commit = context.store.commit(repo.repo.id, files.values(), title);
  const commitUrl = `${context.urls.hub}/${repo.repo.id}/commit/${commit.sha}`;
  return jsonReply(200, { success: true, commitOid: commit.sha, commitUrl, hookOutput: '' });
}
