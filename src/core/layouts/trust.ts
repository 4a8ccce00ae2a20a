import type { Finding } from '../checkpoint/types.ts';

/**
 * Findings after which what was read can be trusted, and what else the checkpoint holds is not known.
 *
 * Any other error says that what was read is not what its names say.
 */
const INCOMPLETE: ReadonlySet<string> = new Set([
  'shard-missing',
  'shard-invalid',
  'shard-unread',
  'file-unread',
  'lfs-pointer',
  'index-invalid',
  'index-tensor-missing',
  'partial',
]);

type Findings = readonly Pick<Finding, 'tag' | 'message' | 'severity'>[];

/** The first finding that says which part of a checkpoint is not here or was not read; null where all of it was. */
export function incompleteBy<F extends Pick<Finding, 'tag'>>(findings: readonly F[]): F | null {
  return findings.find(({ tag }) => INCOMPLETE.has(tag)) ?? null;
}

/** The first finding after which no tensor is known to be what its name says; null where names and tensors go together. */
export function mistrustedBy(findings: Findings): Findings[number] | null {
  return findings.find(({ tag, severity }) => severity === 'error' && !INCOMPLETE.has(tag)) ?? null;
}
