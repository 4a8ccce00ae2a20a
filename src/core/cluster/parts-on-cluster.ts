import { LoomError } from '../errors.ts';

/** A plan that a cluster converts in parts. Paths are those of the nodes, and absolute. */
export interface PartsOnCluster {
  /** Where the plan file lies. */
  readonly plan: string;
  /** Hash of the plan, in hex. */
  readonly hash: string;
  readonly out: string;
  readonly parts: number;
  /** Most parts that run at the same time; undefined for no limit. */
  readonly atOnce?: number | undefined;
  /** `--source` of each part: where the source lies, if not where the plan says. */
  readonly source?: string | undefined;
  /** The path at which the source is read, for mounts; null for a repo. */
  readonly reads?: string | null | undefined;
  /** `--endpoint`, for a plan that was made from another Hub. */
  readonly endpoint?: string | undefined;
  /** A file that Node runs as the command, such as the single-file build; else `moe-loom` is on the path. */
  readonly program?: string | undefined;
  /** Takes the command from the npm registry with npx. */
  readonly npx?: boolean | undefined;
}

/** Where `deploy/Dockerfile` puts Node and the command. */
export const IMAGE_COMMAND: readonly string[] = ['/nodejs/bin/node', '/moe-loom'];

/** Parts where nobody says how many: no more than shards, which would be empty. */
export const USUAL_PARTS = 16;
/** Most parts of a job: Kubernetes counts failures of each index up to here, and arrays of Slurm are smaller as a rule. */
export const MAX_TASKS = 100_000;

/** @throws LoomError `usage`. */
export function checkParts({ parts, atOnce }: Pick<PartsOnCluster, 'parts' | 'atOnce'>): void {
  for (const count of [parts, atOnce ?? 1])
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_TASKS)
      throw new LoomError('usage', `The number of parts is from 1 to ${MAX_TASKS}, not ${count}.`);
}

/** A text that an argument of a program can hold. @throws LoomError `usage`. */
export function heldText(flag: string, text: string): string {
  if (text !== '' && !text.includes('\0') && !/\p{Surrogate}/u.test(text)) return text;
  throw new LoomError('usage', `${flag} cannot be ${JSON.stringify(text)}: no program can be given that name.`);
}

/** A path that means the same in every folder and is never taken for a flag. @throws LoomError `usage`. */
export function absolutePath(flag: string, path: string): string {
  if (heldText(flag, path).startsWith('/')) return path;
  throw new LoomError('usage', `${flag} has to be an absolute path on the nodes, not ${JSON.stringify(path)}.`);
}
