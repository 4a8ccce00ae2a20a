import { isLoomError, LoomError } from '../errors.ts';
import type { HubClient } from '../hub/client.ts';
import { type ListedFile, MAX_INFO_BYTES, parseModelInfo } from '../hub/model-info.ts';
import { encodePath } from '../hub/names.ts';
import { readTree } from '../hub/tree.ts';
import { retrying } from '../remote/retry.ts';
import { type FetchTextOptions, fetchJson, fetchText } from '../source/http.ts';
import { MIB } from '../units.ts';
import { type Asked, parseBatch, parseCommitted, parsePreupload } from './answers.ts';
import type { Transfer } from './journal.ts';
import { explainObjectRefusal, explainStoreRefusal, explainWriteRefusal } from './refusals.ts';
import type { PublishTarget } from './types.ts';

/** Files of one `preupload`, and objects of one LFS batch, as huggingface.js and huggingface_hub ask. */
export const FILES_AT_ONCE = 100;
const LIMIT = 64 * MIB;
/** A part takes as much room among the requests as a long read does. */
const PART_SLOTS = 6;
const LFS_JSON = { Accept: 'application/vnd.git-lfs+json', 'Content-Type': 'application/vnd.git-lfs+json' };
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** The head of a branch. */
export interface Head {
  readonly commit: string;
  readonly private: boolean;
  /** Null until asked for: see `listing`. */
}

/**
 * The Hub's routes for writing to a model's repository. Each waits and retries as reading does, with the token.
 *
 * Sources: huggingface.js 2.17 (`create-repo.ts`, `create-branch.ts`, `commit.ts`), huggingface_hub `lfs.py` and
 * `_commit_api.py`, git-lfs `docs/api/batch.md`.
 */
export interface UploadRoutes {
  /** @throws LoomError as reading a repository does. */
  head(): Promise<Head | 'no-repo' | 'no-branch'>;
  listing(commit: string): Promise<readonly ListedFile[]>;
  createRepo(isPrivate: boolean): Promise<void>;
  createBranch(): Promise<void>;
  preupload(
    files: readonly { file: string; bytes: number; sample: string }[],
  ): Promise<Map<string, 'lfs' | 'git' | 'ignored'>>;
  batch(objects: readonly Asked[]): Promise<Map<string, Transfer | null>>;
  /** Sends bytes to a signed address and gives the mark (ETag) of what was taken, empty where there is none. */
  put(file: string, url: string, bytes: Uint8Array<ArrayBuffer>): Promise<string>;
  complete(file: string, transfer: Transfer, oid: string, etags: readonly string[]): Promise<void>;
  verify(file: string, transfer: Transfer, oid: string, bytes: number): Promise<void>;
  /** @throws LoomError `source-changed` where the head is another commit than `parent`. */
  commit(lines: readonly object[]): Promise<string>;
}

export function uploadRoutes(
  client: HubClient,
  { repo, branch }: PublishTarget,
  { now, signal }: { readonly now: () => number; readonly signal: AbortSignal | undefined },
): UploadRoutes {
  const { question, gate, retries, onRetry } = client;
  const { endpoint } = question;
  const asked = { ...question, revision: branch, signedIn: true };
  const api = `${endpoint}/api/models/${encodePath(repo)}`;
  const revision = encodeURIComponent(branch);
  /** What a request of ours sends and how its refusal is put. */
  const options = (name: string, url: string, headers: Readonly<Record<string, string>> = {}): FetchTextOptions => {
    const http = client.http('api', name, asked);
    return {
      ...http,
      url,
      limit: LIMIT,
      signal,
      headers: () => ({ ...http.headers?.(), ...headers }),
      explain: (refusal) => explainWriteRefusal(refusal, asked),
    };
  };
  const again = <T>(task: () => Promise<T>, slots = 1) => retrying(task, { gate, retries, onRetry, slots }, signal);
  const post = (name: string, url: string, value: unknown, headers: Readonly<Record<string, string>> = JSON_TYPE) =>
    again(() => fetchJson({ ...options(name, url, headers), method: 'POST', body: JSON.stringify(value) }));
  /** To an address that the Hub gave: with the token only where it is the Hub's own. */
  const given = (name: string, url: string): FetchTextOptions => {
    const mine = new URL(url).origin === new URL(endpoint).origin;
    const base = options(name, url, LFS_JSON);
    return {
      ...base,
      shownUrl: `${new URL(url).origin}/`,
      explain: (refusal) => explainObjectRefusal(refusal, asked),
      ...(mine ? {} : { headers: () => LFS_JSON }),
    };
  };
  return {
    head: async () => {
      try {
        const url = `${api}/revision/${revision}`;
        const base = options(repo, url);
        const read = client.http('api', repo, asked).explain;
        // A token that is not accepted is one that could not write either.
        const explain: FetchTextOptions['explain'] = (refusal) =>
          (refusal.status === 401 ? base.explain : read)?.(refusal) ?? explainWriteRefusal(refusal, asked);
        const json = await again(() => fetchJson({ ...base, explain, limit: MAX_INFO_BYTES }));
        const { commit, private: isPrivate } = parseModelInfo(json);
        return { commit, private: isPrivate };
      } catch (error) {
        if (!isLoomError(error)) throw error;
        if (error.tag === 'revision-not-found') return 'no-branch';
        if (error.tag === 'repo-not-found' && error.fields.status === 404) return 'no-repo';
        throw error;
      }
    },
    listing: (commit) => readTree({ ...client, question: asked }, { id: repo, commit }, signal),
    createRepo: async (isPrivate) => {
      const [organization = '', name = ''] = repo.split('/');
      await orExists(
        post(repo, `${endpoint}/api/repos/create`, { type: 'model', organization, name, private: isPrivate }),
      );
    },
    createBranch: async () => {
      await orExists(
        again(() =>
          fetchText({ ...options(branch, `${api}/branch/${revision}`, JSON_TYPE), method: 'POST', body: '{}' }),
        ),
      );
    },
    preupload: async (files) => {
      const value = { files: files.map(({ file, bytes, sample }) => ({ path: file, size: bytes, sample })) };
      const json = await post('the list of files', `${api}/preupload/${revision}`, value);
      return parsePreupload(
        json,
        files.map(({ file }) => file),
      );
    },
    batch: async (objects) => {
      const value = {
        operation: 'upload',
        transfers: ['basic', 'multipart'],
        hash_algo: 'sha256',
        ref: { name: branch },
        objects: objects.map(({ oid, bytes }) => ({ oid, size: bytes })),
      };
      const url = `${endpoint}/${encodePath(repo)}.git/info/lfs/objects/batch`;
      return parseBatch(await post('the list of large files', url, value, LFS_JSON), objects, now(), endpoint);
    },
    put: (file, url, bytes) =>
      again(async () => {
        let etag = '';
        await fetchText({
          ...options(file, url),
          shownUrl: `${new URL(url).origin}/`,
          headers: () => ({}),
          method: 'PUT',
          body: bytes,
          explain: explainStoreRefusal,
          onHeaders: (headers) => {
            etag = headers.get('ETag') ?? '';
          },
        }).catch((error: unknown) => {
          // The store has the bytes once it answers with their mark, whatever becomes of the rest of its answer.
          if (etag === '') throw error;
        });
        return etag;
      }, PART_SLOTS),
    complete: async (file, { href }, oid, etags) => {
      const body = JSON.stringify({ oid, parts: etags.map((etag, at) => ({ partNumber: at + 1, etag })) });
      await again(() => fetchText({ ...given(file, href), method: 'POST', body }));
    },
    verify: async (file, { verify }, oid, size) => {
      if (verify === null) return;
      await again(() => fetchText({ ...given(file, verify), method: 'POST', body: JSON.stringify({ oid, size }) }));
    },
    commit: async (lines) => {
      const body = lines.map((line) => JSON.stringify(line)).join('\n');
      const url = `${api}/commit/${revision}`;
      // Not retried here: an answer that was lost may be that of a commit that was made.
      const task = () =>
        fetchJson({ ...options('the commit', url, { 'Content-Type': 'application/x-ndjson' }), method: 'POST', body });
      return parseCommitted(await retrying(task, { gate, retries: 0, onRetry }, signal));
    },
  };
}

/** What is there already need not be made: 409, as `exist_ok` of huggingface_hub reads it. */
async function orExists(made: Promise<unknown>): Promise<void> {
  await made.catch((error: unknown) => {
    if (!isLoomError(error) || error.fields.status !== 409) throw error;
  });
}

/** The error for a repository that cannot be made and cannot be seen. */
export function unseenRepo(repo: string, endpoint: string): LoomError {
  const message = `${repo} exists, and this token may not read it. Use a token of an account that may write to it (${endpoint}/settings/tokens), or another name.`;
  return new LoomError('repo-not-found', message, { repo });
}
