import { LoomError } from '../errors.ts';
import { FINDINGS } from './findings.ts';
import type { Checkpoint, Finding } from './types.ts';

/** What keeps everybody from working with a checkpoint's tensors, null where nothing does. */
export function unusableFinding({ findings }: Pick<Checkpoint, 'findings'>): Finding | null {
  return findings.find(({ tag }) => 'unusable' in FINDINGS[tag]) ?? null;
}

/**
 * The gate before everything that places, measures, compares or converts tensors.
 *
 * @throws LoomError `checkpoint-unusable` with the finding's own sentence.
 */
export function refuseUnusable(checkpoint: Pick<Checkpoint, 'findings'>): void {
  const found = unusableFinding(checkpoint);
  if (found)
    throw new LoomError('checkpoint-unusable', found.message, found.file === undefined ? {} : { file: found.file });
}
