import { ERROR_TAGS, type ErrorTag } from './error-tags.ts';

/** The exit code that tells a cluster that running the same command again ends in the same way. */
export const FINAL_EXIT = 3;

/** Set to {@link FINAL_EXIT} in jobs of a cluster; without it, such an error ends with the exit code of its tag. */
export const FINAL_EXIT_VARIABLE = 'MOE_LOOM_FINAL_EXIT';

/**
 * Errors that end with 2 and stay until a person changes flags, files or rights. A folder that is not there and a full disk are
 * none of them: another node may have the folder, and space may become free.
 */
const UNTIL_CHANGED: ReadonlySet<ErrorTag> = new Set([
  'usage',
  'repo-reference-invalid',
  'repo-gated',
  'repo-disabled',
  'token-rejected',
  'access-denied',
  'source-changed',
  'output-not-empty',
  'output-inside-source',
  'path-outside-folder',
  'plan-invalid',
  'plan-differs',
]);

/** Whether an error stays, however often the same command is run. Shards that are missing may be made meanwhile. */
export function isFinal(tag: ErrorTag): boolean {
  return UNTIL_CHANGED.has(tag) || (ERROR_TAGS[tag].exit === 1 && tag !== 'parts-incomplete');
}

/** The exit code of an error; `env` is that of the process. */
export function exitCodeOf(tag: ErrorTag, env: Readonly<Record<string, string | undefined>>): number {
  const { exit } = ERROR_TAGS[tag];
  return exit === 2 && UNTIL_CHANGED.has(tag) && env[FINAL_EXIT_VARIABLE] === String(FINAL_EXIT) ? FINAL_EXIT : exit;
}

/** True for a tag that this version has, as records of other versions may not. */
export function isErrorTag(text: string): text is ErrorTag {
  return Object.hasOwn(ERROR_TAGS, text);
}
