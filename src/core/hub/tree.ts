import { isLoomError, LoomError } from '../errors.ts';
import { retrying } from '../remote/retry.ts';
import { fetchJson } from '../source/http.ts';
import type { HubClient } from './client.ts';
import { type ListedFile, MAX_INFO_BYTES, type ModelInfo, parseTree } from './model-info.ts';
import { encodePath } from './names.ts';

/** The Hub gives 1,000 entries a page; a repository has 100,000 files at most (its documentation). */
const MAX_PAGES = 1_000;
const NUMBERED = /^(.*?)(\d+)-of-(\d+)(\.[^/]*)$/;

/**
 * The files of a repo at a commit as the file tree has them, page by page.
 *
 * Only the cursor of a link to the next page is used: a company's copy of the Hub passes on links to the Hub itself.
 * @throws LoomError `answer-invalid`, and what a request throws.
 */
export async function readTree(
  client: HubClient,
  { id: repo, commit }: Pick<ModelInfo, 'id' | 'commit'>,
  signal: AbortSignal | undefined,
): Promise<readonly ListedFile[]> {
  const { question, gate, retries, onRetry, access } = client;
  const base = `${question.endpoint}/api/models/${encodePath(repo)}/tree/${commit}?recursive=true`;
  const files = new Map<string, ListedFile>();
  const seen = new Set<string>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const url: string = cursor === '' ? base : `${base}&cursor=${encodeURIComponent(cursor)}`;
    let next: string | null = null;
    const ask = () =>
      access.run((signedIn) => {
        const http = client.http('api', `the file tree of ${repo}`, { ...question, signedIn });
        const onHeaders = (headers: Headers) => {
          next = nextCursor(headers.get('Link'));
        };
        return fetchJson({ ...http, url, limit: MAX_INFO_BYTES, signal, onHeaders });
      });
    const page = parseTree(await retrying(ask, { gate, retries, onRetry }, signal));
    for (const file of page) files.set(file.path, file);
    cursor = next;
    if (cursor === null) break;
    if (seen.has(cursor) || seen.size >= MAX_PAGES) throw endless(repo);
    seen.add(cursor);
  }
  return [...files.values()];
}

/** The cursor of `<…?cursor=X>; rel="next"`; null on the last page. @throws LoomError `answer-invalid`. */
function nextCursor(link: string | null): string | null {
  const url = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
  if (url === undefined) return null;
  const cursor = /[?&]cursor=([^&#]+)/.exec(url)?.[1];
  try {
    if (cursor !== undefined) return decodeURIComponent(cursor);
  } catch {
    // Not percent-encoded as it must be: below.
  }
  throw new LoomError('answer-invalid', 'The next page of the file tree has an address without a cursor. Retry later.');
}

function endless(repo: string): LoomError {
  return new LoomError('answer-invalid', `The file tree of ${repo} does not end. Try again later.`);
}

/** What makes one doubt that a listing names all files, for a sentence; null when nothing does. */
export function whyDoubted({ files, unsized }: ModelInfo, path: string): string | null {
  if (files.length + unsized === 0) return 'it names no files';
  if (unsized > 0) return `it gives no size for ${unsized} of its files`;
  if (!files.some((file) => /\.safetensors$/i.test(file.path))) return 'it names no safetensors file';
  const gap = missingOfSeries(files);
  if (gap !== null) return `it does not name ${gap}`;
  const known = path === '' || files.some((file) => file.path === path || file.path.startsWith(`${path}/`));
  return known ? null : `it does not name ${path}`;
}

/** The first file that a numbered series, `…-00001-of-00002…`, must have and has not. */
function missingOfSeries(files: readonly ListedFile[]): string | null {
  const series = new Map<string, { readonly total: number; readonly has: Set<number>; readonly name: string }>();
  for (const { path } of files) {
    const [, stem = '', number = '', total = '', end = ''] = NUMBERED.exec(path) ?? [];
    if (!/\.safetensors$/i.test(end)) continue;
    const key = `${stem}|${total}|${end}`;
    const one = series.get(key) ?? { total: Number(total), has: new Set(), name: path };
    one.has.add(Number(number));
    series.set(key, one);
  }
  for (const { total, has, name } of series.values()) {
    for (let number = 1; number <= Math.min(total, 10_000); number++) {
      const zero = has.has(0) ? number - 1 : number;
      if (!has.has(zero)) return name.replace(/\d+(?=-of-)/, (digits) => String(zero).padStart(digits.length, '0'));
    }
  }
  return null;
}

/** What two listings of one commit come to, and what is to be said where they do not agree. */
export interface Joined {
  readonly files: readonly ListedFile[];
  readonly notes: readonly string[];
}

/** @throws LoomError `answer-invalid` when they give one file two sizes or hashes. */
export function joinListings(info: ModelInfo, tree: readonly ListedFile[]): Joined {
  const byPath = new Map(tree.map((file) => [file.path, file]));
  const onlyListed: string[] = [];
  for (const file of info.files) {
    const other = byPath.get(file.path);
    if (other === undefined) onlyListed.push(file.path);
    else if (other.byteLength !== file.byteLength || differs(other.sha256, file.sha256))
      throw contradiction(info, file);
  }
  const added = tree.length + onlyListed.length - info.files.length;
  const total = tree.length + onlyListed.length;
  const notes: string[] = [];
  if (added > 0)
    notes.push(
      `The Hub's description of ${info.id} names ${info.files.length} of its ${total} files; the others come from its file tree.`,
    );
  if (onlyListed.length > 0)
    notes.push(
      `The file tree of ${info.id} does not have ${onlyListed.length} of the files that its description names: ${onlyListed.slice(0, 3).join(', ')}.`,
    );
  return { files: [...tree, ...info.files.filter(({ path }) => !byPath.has(path))], notes };
}

function differs(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b;
}

function contradiction({ id }: ModelInfo, { path }: ListedFile): LoomError {
  const message = `The description and the file tree of ${id} do not agree on ${path}. Try again later: one of them may be an old copy.`;
  return new LoomError('answer-invalid', message, { file: path, repo: id });
}

/** A sentence for a file tree that was needed and could not be read. */
export function noteUnreadTree(info: ModelInfo, doubt: string, error: unknown): string {
  if (!isLoomError(error)) throw error;
  return `The Hub's description of ${info.id} may be cut short (${doubt}), and its file tree could not be read: ${error.message}`;
}
