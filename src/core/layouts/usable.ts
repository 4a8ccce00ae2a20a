import type { Checkpoint, Finding } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';

/** Findings after which no tensor is known to be what its name says. */
const UNUSABLE: ReadonlySet<Finding['tag']> = new Set([
  'rank-slices',
  'index-stale',
  'tensor-duplicate',
  'lora-adapter',
]);

/** Findings after which what was read is what its names say, and what else the checkpoint holds is not known. */
const INCOMPLETE: ReadonlySet<Finding['tag'] | 'partial'> = new Set([
  'shard-missing',
  'shard-invalid',
  'shard-unread',
  'file-unread',
  'lfs-pointer',
  'index-invalid',
  'index-tensor-missing',
  'partial',
] as const);

/** The first finding that says which part of a checkpoint is not here or was not read; null where all of it was. */
export function incompleteBy<F extends Pick<Finding, 'tag'>>(findings: readonly F[]): F | null {
  return findings.find(({ tag }) => INCOMPLETE.has(tag)) ?? null;
}

/**
 * The error for what a part of a checkpoint keeps from being done, with the finding's own sentence after `lead`. A part that was not
 * read this time says nothing against the checkpoint: the error is then that of the read.
 */
export function incompleteError({ message, file, cause }: Finding, lead = ''): LoomError {
  const tag = cause ?? 'checkpoint-defective';
  return new LoomError(tag, lead === '' ? message : `${lead} ${message}`, file === undefined ? {} : { file });
}

/** What keeps everybody from working with a checkpoint's tensors, null where nothing does. */
export function unusableFinding<F extends Pick<Finding, 'tag'>>({
  findings,
}: {
  readonly findings: readonly F[];
}): F | null {
  return findings.find(({ tag }) => UNUSABLE.has(tag)) ?? null;
}

/**
 * The gate before everything that places, measures, compares or converts tensors.
 *
 * @throws LoomError `checkpoint-unusable` with the finding's own sentence, after `side` where there are several.
 */
export function refuseUnusable(checkpoint: Pick<Checkpoint, 'findings'>, side?: string): void {
  const found = unusableFinding(checkpoint);
  if (found)
    throw new LoomError(
      'checkpoint-unusable',
      side === undefined ? found.message : `${side}: ${found.message}`,
      found.file === undefined ? {} : { file: found.file },
    );
}
