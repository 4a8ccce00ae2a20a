import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import { createClient, type HubClientOptions, hubAddress } from '../hub/client.ts';
import type { ListedFile } from '../hub/model-info.ts';
import { encodePath } from '../hub/names.ts';
import { HUB_ENDPOINT } from '../hub/reference.ts';
import type { FileSet } from '../source/types.ts';
import { MB } from '../units.ts';
import type { PublishFolder } from './folder.ts';
import { base64Of, type Digest, gitOid, hashFile, withFile } from './hashes.ts';
import type { PublishJournal } from './journal.ts';
import { FILES_AT_ONCE, type Head, type UploadRoutes, unseenRepo, uploadRoutes } from './routes.ts';
import { type LargeFile, sendObject } from './transfer.ts';
import type { PublishPreview, PublishProgress, PublishReport, PublishTarget } from './types.ts';

/** Files that the Hub keeps in large-file storage whatever their name; smaller ones it decides by name and content. */
const SURELY_LARGE = 10 * MB;
/** Bytes of a file that the Hub looks at to tell text from binary. */
const SAMPLE_BYTES = 512;
/** Parts that are sent at once, unless said otherwise. */
const PARALLEL = 4;

export interface PublishOptions extends Omit<HubClientOptions, 'authenticate'> {
  readonly target: PublishTarget;
  readonly files: FileSet;
  /** The folder, as `checkFolder` found it. */
  readonly folder: PublishFolder;
  readonly journal: PublishJournal;
  /** Title of the commit. */
  readonly message: string;
  /** Whether a repository that this makes is private; one that is public is then refused. */
  readonly private: boolean;
  /** Parts of a file that are sent at once; 4 unless given, fewer where parts are long. */
  readonly parallel?: number | undefined;
  readonly createDigest?: (() => Promise<Digest>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PublishProgress) => void) | undefined;
  /** Hears of each large file that the Hub has whole now. */
  readonly onFile?: ((file: string, bytes: number) => void) | undefined;
}

/** A file with what names its content. */
interface Hashed {
  readonly file: string;
  readonly bytes: number;
  readonly key: string;
  /** Null until it is known to be needed. */
  sha256: string | null;
}

/** Everything of one run. */
interface Run extends PublishOptions {
  readonly endpoint: string;
  readonly routes: UploadRoutes;
  readonly hashed: Hashed[];
}

/**
 * Puts the files of a folder into one commit on a branch of the Hub, and makes repository and branch where they are not there.
 *
 * SHA-256 of large files first, against what the report of the conversion and the folder state of them. Nothing is
 * committed until the Hub has every large file. An interrupted run leaves its journal: the next one sends what is missing.
 * Where the head of the branch has every file already, no commit is made.
 * @throws LoomError `verify-failed`, `source-hash-wrong` and `source-changed` for a file with other bytes, by name;
 * `source-changed` also where somebody else committed; `token-rejected`, `access-denied`, `repo-not-found`, `usage`,
 * `cancelled`, and what requests throw.
 */
export async function publishFolder(options: PublishOptions): Promise<PublishReport> {
  return withRun(options, async (run) => {
    const { routes, target, journal } = run;
    await hashLarge(run);
    const found = await routes.head();
    if (typeof found !== 'string') refusePublic(run, found);
    const head = typeof found === 'string' ? await make(run, found) : found;
    const { changed, modes, kept } = await compare(run, head.commit);
    const large = changed.filter(({ file }) => modes.get(file) === 'lfs');
    let sent = 0;
    if (large.length > 0) sent = await sendAll(run, large);
    const commit = changed.length === 0 ? head.commit : await commitFiles(run, head.commit, changed, modes);
    await journal.remove();
    const left = new Set(kept.map(({ file }) => file));
    return {
      repo: target.repo,
      branch: target.branch,
      commit,
      url: `${run.endpoint}/${encodePath(target.repo)}/tree/${commit}`,
      created: found === 'no-repo',
      committed: changed.length > 0,
      files: [...kept, ...changed].map((one) => ({
        file: one.file,
        bytes: one.bytes,
        storage: modes.get(one.file) === 'lfs' ? 'lfs' : 'git',
        sha256: modes.get(one.file) === 'lfs' ? one.sha256 : null,
        state: left.has(one.file) ? 'unchanged' : 'committed',
      })),
      sent,
    };
  });
}

/** What {@link publishFolder} would do: hashes and asks as it does, and changes nothing on the Hub. */
export async function previewPublication(options: PublishOptions): Promise<PublishPreview> {
  return withRun(options, async (run) => {
    const { target, routes, hashed } = run;
    await hashLarge(run);
    const found = await routes.head();
    if (typeof found !== 'string') refusePublic(run, found);
    const changed = typeof found === 'string' ? hashed : (await compare(run, found.commit)).changed;
    return {
      repo: target.repo,
      branch: target.branch,
      exists: typeof found !== 'string',
      files: hashed.map(({ file, bytes, sha256 }) => ({ file, bytes, sha256 })),
      unchanged: hashed.length - changed.length,
      bytes: changed.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}

async function withRun<T>(options: PublishOptions, use: (run: Run) => Promise<T>): Promise<T> {
  const { target, signal, clock } = options;
  if (!options.token) throw new LoomError('access-denied', NO_TOKEN);
  const endpoint = hubAddress(options.endpoint ?? HUB_ENDPOINT);
  const reference = { repo: target.repo, revision: target.branch, path: '', endpoint: null };
  const client = createClient(reference, { ...options, authenticate: 'always' });
  const now = clock?.now ?? Date.now;
  try {
    return await use({ ...options, endpoint, routes: uploadRoutes(client, target, { now, signal }), hashed: [] });
  } finally {
    client.dispose();
  }
}

const NO_TOKEN =
  'Publishing needs an access token with write access, and there is none. Set HF_TOKEN, or run `hf auth login`; in the app, sign in or enter a token.';

/** A private publication must not become public by landing in a repository that is. */
function refusePublic({ target, private: wanted, endpoint }: Run, head: Head): void {
  if (!wanted || head.private) return;
  throw new LoomError(
    'usage',
    `${target.repo} is there already and is public. Make it private at ${endpoint}/${target.repo}/settings, name another repository, or publish without asking for a private one.`,
  );
}

/** Makes what is not there. */
async function make(run: Run, missing: 'no-repo' | 'no-branch'): Promise<Head> {
  const { routes, target, endpoint } = run;
  if (missing === 'no-repo') await routes.createRepo(run.private);
  let found = missing === 'no-repo' ? await routes.head() : missing;
  if (found === 'no-branch') {
    await routes.createBranch();
    found = await routes.head();
  }
  if (typeof found === 'string') throw unseenRepo(target.repo, endpoint);
  return found;
}

/** Every file with its key; of those that are surely large, and of those whose hash somebody states, the SHA-256. */
async function hashLarge(run: Run): Promise<void> {
  const { files, folder, signal } = run;
  const stated = folder.proof?.sha256 ?? {};
  for (const { name: file, byteLength: bytes } of folder.files) {
    throwIfAborted(signal);
    const one = await withFile(files, file, signal, async (source) => {
      if (source.byteLength !== bytes) throw otherLength(file);
      return { file, bytes, key: source.key, sha256: null };
    });
    run.hashed.push(one);
  }
  const due = run.hashed.filter(
    ({ file, bytes }) => bytes > SURELY_LARGE || file.endsWith('.safetensors') || stated[file] !== undefined,
  );
  await hashAll(run, due);
}

async function hashAll(run: Run, due: readonly Hashed[]): Promise<void> {
  const { files, folder, journal, createDigest, signal, onProgress } = run;
  const total = due.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const one of due) {
    const tell = (bytes: number) => {
      done += bytes;
      onProgress?.({ phase: 'hash', file: one.file, done, total });
    };
    await withFile(files, one.file, signal, async (source) => {
      const known = journal.hashOf(one.file, one.key);
      if (known === null) {
        one.sha256 = await hashFile(source, createDigest, tell, signal);
        await journal.addHash(one.file, one.key, one.sha256);
      } else {
        one.sha256 = known;
        tell(one.bytes);
      }
      insistOnProof(one, folder.proof?.sha256[one.file], 'the report of the conversion');
      insistOnProof(one, source.sha256, 'the folder');
    });
  }
}

function insistOnProof({ file, sha256 }: Hashed, stated: string | undefined, by: string): void {
  if (stated === undefined || stated === sha256) return;
  const message = `${file} does not have the bytes that were proven: its SHA-256 is ${sha256}, and ${by} states ${stated}. Nothing was published. Convert again, or copy the file again from where it is right.`;
  throw new LoomError('source-hash-wrong', message, { file });
}

function otherLength(file: string): LoomError {
  const message = `${file} changed while the folder was read. Nothing was published. Let nothing write to the folder, then publish again.`;
  return new LoomError('source-changed', message, { file });
}

/** Which files the head of the branch does not have, and how the Hub keeps each. */
async function compare(run: Run, commit: string) {
  const { routes, files, hashed, signal } = run;
  const modes = new Map<string, 'lfs' | 'git' | 'ignored'>();
  for (let at = 0; at < hashed.length; at += FILES_AT_ONCE) {
    const some = hashed.slice(at, at + FILES_AT_ONCE);
    const samples: { file: string; bytes: number; sample: string }[] = [];
    for (const { file, bytes } of some) {
      const end = Math.min(SAMPLE_BYTES, bytes);
      const sample = await withFile(files, file, signal, (source) => source.read({ start: 0, end }, { signal }));
      samples.push({ file, bytes, sample: base64Of(sample) });
    }
    for (const [file, mode] of await routes.preupload(samples)) modes.set(file, mode);
  }
  const going = hashed.filter(({ file }) => modes.get(file) !== 'ignored');
  await hashAll(
    run,
    going.filter(({ file, sha256 }) => modes.get(file) === 'lfs' && sha256 === null),
  );
  const listed = new Map((await routes.listing(commit)).map((file) => [file.path, file]));
  const changed: Hashed[] = [];
  const kept: Hashed[] = [];
  for (const one of going) ((await isThere(run, one, listed.get(one.file))) ? kept : changed).push(one);
  return { changed, kept, modes };
}

async function isThere(run: Run, { file, bytes, sha256 }: Hashed, listed: ListedFile | undefined): Promise<boolean> {
  if (listed === undefined || listed.byteLength !== bytes) return false;
  if (listed.sha256 !== null) return listed.sha256 === sha256;
  if (listed.gitOid === null || bytes > SURELY_LARGE) return false;
  const { files, signal } = run;
  const content = await withFile(files, file, signal, (source) => source.read({ start: 0, end: bytes }, { signal }));
  return (await gitOid(content)) === listed.gitOid;
}

/** Sends what the Hub does not have; gives the bytes that were sent. */
async function sendAll(run: Run, changed: readonly Hashed[]): Promise<number> {
  const { files, routes, journal, signal, clock, parallel = PARALLEL, onProgress, onFile } = run;
  const large = changed.map(({ file, bytes, key, sha256 }): LargeFile => ({ file, bytes, key, oid: sha256 ?? '' }));
  const total = large.reduce((sum, { bytes }) => sum + bytes, 0);
  const now = clock?.now ?? Date.now;
  let done = 0;
  let sent = 0;
  for (let at = 0; at < large.length; at += FILES_AT_ONCE) {
    const some = large.slice(at, at + FILES_AT_ONCE);
    const fresh = some.filter(({ oid }) => journal.underWay(oid) === null);
    const begun = fresh.length === 0 ? new Map() : await routes.batch(fresh);
    for (const one of some) {
      throwIfAborted(signal);
      const onBytes = (bytes: number, isSent: boolean) => {
        done += bytes;
        if (isSent) sent += bytes;
        onProgress?.({ phase: 'send', file: one.file, done, total });
      };
      const transfer = begun.get(one.oid);
      if (transfer === null) onBytes(one.bytes, false);
      else await sendObject(one, transfer ?? null, { files, routes, journal, parallel, now, signal, onBytes });
      onFile?.(one.file, one.bytes);
    }
  }
  await insistOnAll(run, large);
  return sent;
}

/** Asks once more for every object: nothing is committed that the Hub does not have. @throws LoomError `output-changed`. */
async function insistOnAll({ routes }: Run, large: readonly LargeFile[]): Promise<void> {
  for (let at = 0; at < large.length; at += FILES_AT_ONCE) {
    const some = large.slice(at, at + FILES_AT_ONCE);
    const answer = await routes.batch(some);
    const lost = some.find(({ oid }) => answer.get(oid) !== null);
    if (lost)
      throw new LoomError(
        'output-changed',
        `The Hub does not have ${lost.file} after it was sent: the bytes that arrived do not have the SHA-256 ${lost.oid}. Nothing was committed. Publish again: it is sent again.`,
        { file: lost.file },
      );
  }
}

/** Makes the commit; after an answer that was lost, looks whether it was made. */
async function commitFiles(
  run: Run,
  parent: string,
  changed: readonly Hashed[],
  modes: ReadonlyMap<string, string>,
): Promise<string> {
  const { routes, files, message, signal, onProgress } = run;
  const bytes = changed.reduce((sum, one) => sum + one.bytes, 0);
  onProgress?.({ phase: 'commit', file: null, done: bytes, total: bytes });
  const lines: object[] = [{ key: 'header', value: { summary: message, description: '', parentCommit: parent } }];
  for (const { file, bytes: size, sha256, key } of changed) {
    if (modes.get(file) === 'lfs') {
      lines.push({ key: 'lfsFile', value: { path: file, algo: 'sha256', oid: sha256, size } });
      continue;
    }
    const content = await withFile(files, file, signal, (source) => {
      if (source.key !== key) throw otherLength(file);
      return source.read({ start: 0, end: size }, { signal });
    });
    lines.push({ key: 'file', value: { path: file, encoding: 'base64', content: base64Of(content) } });
  }
  try {
    return await routes.commit(lines);
  } catch (error) {
    // A commit can be made and its answer lost, or be 500 (huggingface/datasets#7708).
    const made = await madeSince(run, parent, changed, error);
    if (made !== null) return made;
    throw error;
  }
}

/** The head of the branch where it is another commit than `parent` and has every file; null else. */
async function madeSince(run: Run, parent: string, changed: readonly Hashed[], error: unknown): Promise<string | null> {
  const unsure =
    isLoomError(error) && (error.retryable || error.tag === 'source-changed') && error.tag !== 'rate-limited';
  if (!unsure || run.signal?.aborted) return null;
  const head = await run.routes.head();
  if (typeof head === 'string' || head.commit === parent) return null;
  const listed = new Map((await run.routes.listing(head.commit)).map((file) => [file.path, file]));
  for (const one of changed) if (!(await isThere(run, one, listed.get(one.file)))) return null;
  return head.commit;
}
