import { LoomError } from '../errors.ts';
import { encodePath, isNamePart, isPathSegment, isRepoPath, isReservedName, isRevision } from './names.ts';
import { explainOtherScheme, explainOtherSite } from './other-sites.ts';

/** What a person means by a repository: a model, and what of it. */
export interface RepoReference {
  /** `org/name`, or a single word for a few old ones. */
  readonly repo: string;
  /** Branch, tag, commit or ref; null for the usual one, `main`. */
  readonly revision: string | null;
  /** A folder or file inside, parts joined by `/`; empty for the root. */
  readonly path: string;
  /** Address of the Hub that an address names, without a slash at the end; null for huggingface.co or when none is named. */
  readonly endpoint: string | null;
}

/** The Hub, unless another is named. */
export const HUB_ENDPOINT = 'https://huggingface.co';
const HUB_HOSTS = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co', 'www.hf.co']);
/** Longer texts are pasted by mistake. */
const MAX_TEXT = 4096;
const ADDRESS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/i;
const BARE_HOST = /^(?:www\.)?(?:huggingface|hf)\.co(?=[/?#]|$)/i;
/** `git@hf.co:org/name`, as `git clone` takes it. */
const GIT_HOST = /^git@(?:huggingface|hf)\.co:/i;
const HELP = 'Write org/name, or paste the address of the model page.';

/**
 * Reads `org/name`, `org/name@revision`, `hf://org/name@revision/path`, or the address of a model page, of one of its
 * files, of a commit, of a pull request or of the interface, with or without `https://`.
 *
 * `home` is the Hub that the user works with: below its address, which may have a path, addresses are read as its own.
 * @throws LoomError `repo-reference-invalid`, with what to write instead.
 * @example
 * ```ts
 * import { parseRepoReference } from 'moe-loom/hub';
 * const { repo, revision } = parseRepoReference('Qwen/Qwen3-235B-A22B@v1.0');
 * console.log(repo, revision); // → Qwen/Qwen3-235B-A22B v1.0
 * ```
 */
export function parseRepoReference(text: string, home?: string): RepoReference {
  const trimmed = withoutQuotes(text.trim());
  if (trimmed === '') throw invalid(`No repository is named. ${HELP}`);
  if (trimmed.length > MAX_TEXT) throw invalid(`The text is too long for the name of a repository. ${HELP}`);
  const whole = withScheme(trimmed, home);
  const [, scheme, host = '', path = ''] = ADDRESS.exec(whole) ?? [];
  if (scheme === undefined) return parsePlain(whole);
  if (scheme.toLowerCase() === 'hf') return parseHf(`${host}${path}`);
  const isHome = home !== undefined && URL.canParse(home) && new URL(home).host === host.toLowerCase();
  const endpoint = checkHost(scheme.toLowerCase(), host, isHome);
  const base = home === undefined ? '' : pathBelow(home, endpoint, path);
  return parseAddress(endpoint, host, path.slice(base.length), base);
}

/** True for a text that can only be the address of a place on a server, though it may leave scheme or host out. */
export function isRepoAddress(text: string, home?: string): boolean {
  const whole = withScheme(withoutQuotes(text.trim()), home);
  const parts = whole.split('/');
  return ADDRESS.test(whole) || (parts.length > 3 && isNamePart(parts[0] ?? '') && VERBS.has(parts[2] ?? ''));
}

/** Completes an address without a scheme, where its host is known: any other text may be a path or a name. */
function withScheme(text: string, home: string | undefined): string {
  const host = /^[^/?#]+/.exec(text)?.[0] ?? '';
  const base = home !== undefined && URL.canParse(home) ? new URL(home) : null;
  if (base !== null && host === base.host && host !== text) return `${base.protocol}//${text}`;
  if (BARE_HOST.test(text) || explainOtherSite(host) !== null) return `https://${text}`;
  return text.replace(GIT_HOST, 'https://huggingface.co/');
}

function withoutQuotes(text: string): string {
  return /^(["'`]).*\1$/s.test(text) || /^<.*>$/s.test(text) ? text.slice(1, -1).trim() : text;
}

/** The path of `home` where the address lies below it, else nothing. */
function pathBelow(home: string, endpoint: string | null, path: string): string {
  if (!URL.canParse(home)) return '';
  const { origin, pathname } = new URL(home);
  const base = pathname.replace(/\/+$/, '');
  return origin === (endpoint ?? HUB_ENDPOINT) && path.startsWith(`${base}/`) ? base : '';
}

/**
 * A text that {@link parseRepoReference} reads back as the same reference; with a path, null may come back as `main`.
 *
 * @example
 * ```ts
 * import { formatRepoReference, parseRepoReference } from 'moe-loom/hub';
 * const reference = parseRepoReference('https://huggingface.co/Qwen/Qwen3-235B-A22B/tree/main');
 * console.log(formatRepoReference(reference)); // → Qwen/Qwen3-235B-A22B@main
 * ```
 */
export function formatRepoReference(reference: RepoReference): string {
  const { repo, revision, path, endpoint } = reference;
  if (endpoint !== null) {
    if (revision === null && path === '') return `${endpoint}/${repo}`;
    return `${endpoint}/${repo}/tree/${[encodeURIComponent(revision ?? 'main'), ...encoded(path)].join('/')}`;
  }
  if (path !== '') {
    // An old name of one word would take the path's first part for its second.
    const named = revision ?? (repo.includes('/') ? null : 'main');
    return `hf://${repo}${named === null ? '' : `@${encodeURIComponent(named)}`}/${encodePath(path)}`;
  }
  return revision === null ? repo : `${repo}@${encodePath(revision)}`;
}

function encoded(path: string): string[] {
  return path === '' ? [] : [encodePath(path)];
}

/** `org/name` or `org/name@revision`: slashes after the `@` are the revision's. */
function parsePlain(text: string): RepoReference {
  const at = text.indexOf('@');
  const parts = at === -1 ? withoutEmptyEnd(text.split('/')) : text.slice(0, at).split('/');
  refuseOtherKinds(parts);
  // What stands behind the host in an address, or a file of a repository: nobody else writes so many parts.
  if (at === -1 && parts.length > 3 && VERBS.has(parts[2] ?? ''))
    return parseAddress(null, '', `/${text.replace(/[?#].*$/s, '')}`, '');
  if (parts.length > 2 && A_FILE.test(parts.at(-1) ?? '')) return parseHf(text);
  if (parts.length > 2) {
    throw invalid(
      `"${shown(text)}" has more parts than a name. Write org/name, or hf://org/name/folder for a folder in it.`,
    );
  }
  const revision = at === -1 ? null : checkRevision(decode(withoutEnd(text.slice(at + 1)), text));
  return { repo: checkRepo(parts, text), revision, path: '', endpoint: null };
}

/** `org/name[@revision]/path` of fsspec; a revision is one encoded segment or `refs/…/…`. */
function parseHf(text: string): RepoReference {
  const segments = withoutEmptyEnd(text.split('/'));
  refuseOtherKinds(segments);
  const marked = segments.findIndex((segment) => segment.includes('@'));
  const nameLength = marked === 0 ? 1 : Math.min(2, segments.length);
  if (marked === -1 || marked >= nameLength) {
    const path = checkPath(segments.slice(nameLength), text);
    return { repo: checkRepo(segments.slice(0, nameLength), text), revision: null, path, endpoint: null };
  }
  const last = segments[marked] ?? '';
  const at = last.indexOf('@');
  const names = [...segments.slice(0, marked), last.slice(0, at)];
  const { revision, rest } = takeRevision([last.slice(at + 1), ...segments.slice(nameLength)], text);
  return { repo: checkRepo(names, text), revision, path: checkPath(rest, text), endpoint: null };
}

/** The address of a model, its files, a folder, a file, a commit or a pull request, below `base` of a Hub. */
function parseAddress(hub: string | null, host: string, rawPath: string, base: string): RepoReference {
  const endpoint = base === '' ? hub : `${hub ?? HUB_ENDPOINT}${base}`;
  const deeper = hub !== null && base === '' ? hubBelow(rawPath) : '';
  if (deeper !== '') return parseAddress(hub, host, rawPath.slice(deeper.length), deeper);
  const all = withoutEmptyEnd(rawPath.split('/').slice(1));
  const segments = all[0] === 'api' && all[1] === 'models' ? all.slice(2) : all;
  const shownText = `${host}${base}${rawPath}`;
  refuseOtherKinds(segments);
  const verbAt = findVerb(segments);
  const names = verbAt === -1 ? segments : segments.slice(0, verbAt);
  if (names.length === 0 || names.length > 2) {
    throw invalid(`"${shown(shownText)}" is not the page of a model or its files. ${HELP}`);
  }
  const repo = checkRepo(names.with(-1, (names.at(-1) ?? '').replace(/\.git$/, '')), shownText);
  const after = verbAt === -1 ? [] : segments.slice(verbAt + 1);
  if (segments[verbAt] === 'discussions' || segments[verbAt] === 'pull')
    return { repo, revision: pullRequest(after[0]), path: '', endpoint };
  if (after.length === 0) return { repo, revision: null, path: '', endpoint };
  const { revision, rest } = takeRevision(after, shownText);
  const path = segments[verbAt]?.startsWith('commit') ? '' : checkPath(rest, shownText);
  return { repo, revision, path, endpoint };
}

/** The path of a company's own Hub, `/artifactory/…/org/name/tree/…`: all that stands before `org/name`. */
function hubBelow(rawPath: string): string {
  const segments = rawPath.split('/');
  const verbAt = segments.findIndex((segment, at) => at > 3 && FILE_VERBS.has(segment));
  return verbAt === -1 || VERBS.has(segments[2] ?? '') || VERBS.has(segments[3] ?? '')
    ? ''
    : segments.slice(0, verbAt - 2).join('/');
}

/** Where the page's kind stands: after `org/name`, or after an old name of one word. */
function findVerb(segments: readonly string[]): number {
  const isVerb = (at: number) => VERBS.has(segments[at] ?? '');
  if (isVerb(2)) return 2;
  return segments.length > 2 && isVerb(1) ? 1 : -1;
}

const VERBS = new Set('tree blob resolve raw blame edit commit commits revision discussions pull'.split(' '));
const FILE_VERBS = new Set(['tree', 'blob', 'resolve', 'raw']);
/** Files that a checkpoint is named by. */
const A_FILE = /\.(safetensors|json)$/i;

/** The Hub numbers discussions and pull requests in one row: only the latter have files, of their own. */
function pullRequest(number: string | undefined): string | null {
  return number !== undefined && /^[1-9]\d{0,6}$/.test(number) ? `refs/pr/${number}` : null;
}

/** Null for the Hub itself. Without encryption only this computer, and the Hub that the user set, is talked to. */
function checkHost(scheme: string, host: string, trusted: boolean): string | null {
  if (host.includes('@')) {
    throw invalid('An address with a user name or password is not used. Remove the part before the @.');
  }
  const url = `${scheme}://${host}`;
  const other = explainOtherScheme(scheme) ?? explainOtherSite(host.replace(/:\d*$/, ''));
  if (other !== null) throw invalid(other);
  if (!/^https?$/.test(scheme) || !/^[a-z0-9.:[\]-]+$/i.test(host) || !URL.canParse(url)) {
    throw invalid(`"${shown(url)}" is no address of a Hub. ${HELP}`);
  }
  const { hostname, origin, port } = new URL(url);
  if (HUB_HOSTS.has(hostname) && port === '') return null;
  const local = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (scheme === 'http' && !local && !trusted)
    throw invalid(`The address of ${hostname} is not encrypted. Use its https:// address.`);
  return origin;
}

/** The revision at the head of `segments`: one encoded segment, or `refs/kind/name` as it stands. */
function takeRevision(segments: readonly string[], text: string): { revision: string; rest: readonly string[] } {
  const length = segments[0] === 'refs' ? 3 : 1;
  const revision = segments
    .slice(0, length)
    .map((segment) => decode(segment, text))
    .join('/');
  return { revision: checkRevision(revision), rest: segments.slice(length) };
}

/** Pages of the Hub that people paste by mistake. */
const PAGES: Readonly<Record<string, string>> = {
  papers: 'a page about a paper',
  collections: 'a collection of models',
  blog: 'a page of the blog',
  docs: 'a page of the documentation',
  settings: 'a page of settings',
};

function refuseOtherKinds(segments: readonly string[]): void {
  const [first = '', second] = segments;
  if (first === 'datasets' || first === 'spaces') {
    throw invalid(
      first === 'datasets'
        ? 'This is a dataset, which has no model weights. Paste the org/name of a model.'
        : 'This is a Space: a running program, not a model. Paste the org/name of the model that it uses.',
    );
  }
  if (isReservedName(first)) {
    const page = second === undefined ? first : `${first}/${second}`;
    throw invalid(`"${shown(page)}" is ${PAGES[first] ?? 'a page of the Hub'}, not a model. ${HELP}`);
  }
}

function checkRepo(parts: readonly string[], text: string): string {
  if (parts.length === 0 || parts.length > 2 || !parts.every(isNamePart)) throw unreadable(text);
  return parts.join('/');
}

function checkRevision(revision: string): string {
  if (isRevision(revision)) return revision;
  throw invalid(
    `"${shown(revision)}" cannot be a branch, tag or commit. Write main, a tag, or the 40 digits of a commit.`,
  );
}

function checkPath(segments: readonly string[], text: string): string {
  const names = segments.map((segment) => decode(segment, text));
  const path = names.join('/');
  if (!names.every(isPathSegment) || !isRepoPath(path)) {
    throw invalid(
      `The path "${shown(path)}" is not one inside a repository. Give a folder or file as the model page shows it.`,
    );
  }
  return path;
}

function decode(segment: string, text: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw unreadable(text);
  }
}

function withoutEmptyEnd(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function withoutEnd(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text;
}

/** A text as an error may repeat it: short, on one line. */
function shown(text: string): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

function unreadable(text: string): LoomError {
  const rule = 'A name has letters, digits, "-", "_" and ".", and at most one "/".';
  return invalid(`"${shown(text)}" is not the name of a repository. ${rule} ${HELP}`);
}

function invalid(message: string): LoomError {
  return new LoomError('repo-reference-invalid', message);
}
