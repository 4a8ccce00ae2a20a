import { resolve } from 'node:path';
import {
  formatRepoReference,
  HUB_ENDPOINT,
  hubAddress,
  LoomError,
  type PlanFile,
  type PlannedSource,
} from '../core/index.ts';
import { type OpenedSource, openSource, type SourceFlags } from './source-kinds.ts';

/** How a plan file names the source that was opened: what another machine can open too. */
export function namedInPlan({ path, origin }: Pick<OpenedSource, 'path' | 'origin'>): Omit<PlannedSource, 'files'> {
  const { repo, revision: commit, address } = origin;
  return address === null
    ? { open: path === null ? (repo ?? '') : resolve(path), endpoint: null, repo, commit }
    : { open: formatRepoReference({ ...address, endpoint: null }), endpoint: address.endpoint, repo, commit };
}

/**
 * Opens the source of a plan, or the one that `--source` names. A Hub is never taken from a plan: a token could be sent to it.
 *
 * @throws LoomError `usage`, and what opening throws.
 */
export async function openPlanned(
  { source }: PlanFile,
  flags: SourceFlags & { readonly source?: string },
  signal: AbortSignal,
): Promise<OpenedSource> {
  if (flags.source !== undefined) return openSource(flags.source, flags, signal);
  const { endpoint, open } = source;
  if (endpoint !== null && hubAddress(hubOf(flags.endpoint)) !== endpoint)
    throw new LoomError(
      'usage',
      `The plan reads ${open} from ${endpoint}. If you trust that address, add --endpoint ${endpoint}; or name the source with --source.`,
    );
  return openSource(open, flags, signal);
}

function hubOf(endpoint: string | undefined): string {
  return endpoint || process.env.HF_ENDPOINT || HUB_ENDPOINT;
}
