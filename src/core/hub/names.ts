import { isInside } from '../inside.ts';

/** Longest part of a repository's name (huggingface_hub, `validate_repo_id`). */
const MAX_NAME_PART = 96;
/** Git refuses no length; servers and file systems do. */
const MAX_REVISION = 255;
const MAX_PATH = 1024;

const NAME_PART = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
/** What `git check-ref-format` refuses anywhere in a name, and lone surrogates, which no URL can carry. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const REVISION_REFUSED = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\p{Cs}/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const SEGMENT_REFUSED = /[\x00-\x1f\x7f\\/]|\p{Cs}/u;

/** First segments of the Hub's own pages, which are no repositories. */
const RESERVED = new Set(
  'api blog chat collections datasets docs enterprise join learn login logout models new notifications oauth organizations papers posts pricing search settings spaces support tasks'.split(
    ' ',
  ),
);

/** True for a word that the Hub keeps for its own pages. */
export function isReservedName(part: string): boolean {
  return RESERVED.has(part.toLowerCase());
}

/** True for one part of `org/name`, as the Hub allows them. */
export function isNamePart(part: string): boolean {
  return part.length <= MAX_NAME_PART && NAME_PART.test(part) && !/--|\.\.|\.git$/i.test(part);
}

/** True for a branch, tag, commit or ref that git allows. */
export function isRevision(revision: string): boolean {
  if (revision === '' || revision === '@' || revision.length > MAX_REVISION) return false;
  if (REVISION_REFUSED.test(revision) || revision.endsWith('.')) return false;
  return revision.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

/** True for one name in a path: never empty, `.` or `..`, without separators and control characters. */
export function isPathSegment(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !SEGMENT_REFUSED.test(segment);
}

/** True for a path inside a repository, parts joined by `/`; the empty path is its root. */
export function isRepoPath(path: string): boolean {
  return path === '' || (path.length <= MAX_PATH && path.split('/').every(isPathSegment));
}

/** True for a path that a listing may hold: odd characters are encoded, a part that leads elsewhere is a lie. */
export function isListedPath(path: string): boolean {
  return path !== '' && isInside(`/${path}`, '') && !/\p{Cs}/u.test(path);
}

/** The path with every part percent-encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** A full commit id. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
