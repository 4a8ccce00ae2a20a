import {
  badCredentials,
  disabledRepo,
  gatedForbidden,
  gatedLogin,
  type HubProblem,
  missingScope,
  notSignedIn,
  repoNotFound,
} from './errors.ts';
import { hex, type Repo, type RepoFile } from './repo.ts';
import type { Caller } from './users.ts';

export interface Commit {
  readonly sha: string;
  readonly title: string;
  readonly date: string;
  readonly parent: string | null;
  readonly files: ReadonlyMap<string, RepoFile>;
}

/** A repo as served: what was given, and its history since. */
export interface StoredRepo {
  readonly repo: Repo;
  readonly type: 'model' | 'dataset';
  readonly _id: string;
  readonly commits: Map<string, Commit>;
  readonly refs: Map<string, string>;
}

export type Found = { repo: StoredRepo } | { canonical: string } | null;

const FIRST_COMMIT = Date.parse('2025-04-27T03:52:24.000Z');
const DAY = 86_400_000;

function commitFiles(files: Iterable<RepoFile>): Map<string, RepoFile> {
  return new Map([...files].sort((a, b) => (a.path < b.path ? -1 : 1)).map((file) => [file.path, file]));
}

function addCommit(repo: StoredRepo, files: Iterable<RepoFile>, title: string, parent: string | null): Commit {
  const byPath = commitFiles(files);
  const count = repo.commits.size;
  const sha = hex('sha1', 'commit', repo._id, String(count), ...byPath.keys());
  const date = new Date(FIRST_COMMIT + count * DAY).toISOString();
  const commit = { sha, title, date, parent, files: byPath };
  repo.commits.set(sha, commit);
  return commit;
}

function storeRepo(repo: Repo): StoredRepo {
  const type = repo.type ?? 'model';
  const _id = hex('sha256', type, repo.id).slice(0, 24);
  const stored: StoredRepo = { repo, type, _id, commits: new Map(), refs: new Map() };
  const first = addCommit(stored, repo.files, 'Add files', null);
  stored.refs.set('refs/heads/main', first.sha);
  for (const [name, files] of Object.entries(repo.refs ?? {})) {
    const full = name.startsWith('refs/') ? name : `refs/heads/${name}`;
    stored.refs.set(full, addCommit(stored, files, `Open ${name}`, first.sha).sha);
  }
  return stored;
}

/** All repos of a server, by type and name; names differ by more than case. */
export class RepoStore {
  readonly #repos = new Map<string, StoredRepo>();
  readonly #aliases = new Map<string, string>();
  readonly #blobs = new Map<string, RepoFile>();

  constructor(repos: Iterable<Repo>) {
    for (const repo of repos) this.add(repo);
  }

  add(repo: Repo): void {
    const stored = storeRepo(repo);
    this.#repos.set(`${stored.type}/${repo.id}`, stored);
    for (const name of [repo.id, ...(repo.aliases ?? [])]) {
      this.#aliases.set(`${stored.type}/${name.toLowerCase()}`, repo.id);
    }
  }

  list(): StoredRepo[] {
    return [...this.#repos.values()];
  }

  find(type: 'model' | 'dataset', id: string): Found {
    const repo = this.#repos.get(`${type}/${id}`);
    if (repo !== undefined) return { repo };
    const canonical = this.#aliases.get(`${type}/${id.toLowerCase()}`);
    return canonical === undefined ? null : { canonical };
  }

  /** Whether a name without a namespace is known, as `gpt2` is. */
  isShortName(type: 'model' | 'dataset', name: string): boolean {
    return this.#aliases.has(`${type}/${name.toLowerCase()}`);
  }

  /** Puts a new commit on a branch. */
  commit(id: string, files: Iterable<RepoFile>, title = 'Update files', branch = 'main'): Commit {
    const found = this.find('model', id) ?? this.find('dataset', id);
    if (found === null || !('repo' in found)) throw new Error(`no repo ${id}`);
    const { repo } = found;
    const ref = `refs/heads/${branch}`;
    const commit = addCommit(repo, files, title, repo.refs.get(ref) ?? null);
    repo.refs.set(ref, commit.sha);
    return commit;
  }

  /** Makes a branch at the head of `main`. */
  branch(repo: StoredRepo, name: string): void {
    repo.refs.set(`refs/heads/${name}`, mainCommit(repo).sha);
  }

  /** Makes a file known to the CDN under a hash. */
  publish(hash: string, file: RepoFile): void {
    this.#blobs.set(hash, file);
  }

  blob(hash: string): RepoFile | undefined {
    return this.#blobs.get(hash);
  }
}

export function findCommit(repo: StoredRepo, revision: string): Commit | undefined {
  const name = revision === 'HEAD' ? 'main' : revision;
  const sha = repo.refs.get(name) ?? repo.refs.get(`refs/heads/${name}`) ?? repo.refs.get(`refs/tags/${name}`) ?? name;
  return repo.commits.get(sha);
}

export function mainCommit(repo: StoredRepo): Commit {
  const commit = findCommit(repo, 'main');
  if (commit === undefined) throw new Error(`${repo.repo.id} has no main`);
  return commit;
}

/** What the Hub says of a repo that is not there, or that the caller may not know of. */
export function hiddenRepo(caller: Caller): HubProblem {
  if (caller.kind === 'anonymous') return notSignedIn();
  return caller.kind === 'invalid' ? badCredentials() : repoNotFound();
}

/** Whether the caller may see the repo and its listing; gated repos are public so far. */
export function denyListing(repo: StoredRepo, caller: Caller): HubProblem | null {
  if (!repo.repo.private) return null;
  if (caller.kind !== 'user') return hiddenRepo(caller);
  if (!caller.user.scoped) return missingScope();
  return caller.user.owner ? null : hiddenRepo(caller);
}

/** Whether the caller may read the repo's files. */
export function denyContent(repo: StoredRepo, caller: Caller): HubProblem | null {
  const hidden = denyListing(repo, caller);
  if (hidden !== null) return hidden;
  if (repo.repo.disabled) return disabledRepo();
  if (!repo.repo.gated) return null;
  if (caller.kind !== 'user') return gatedLogin(repo.repo.id);
  if (!caller.user.scoped) return missingScope();
  return caller.user.accepted || caller.user.owner ? null : gatedForbidden(repo.repo.id);
}
