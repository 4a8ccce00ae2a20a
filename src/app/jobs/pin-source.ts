import type { HubFacts, SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import { formatRepoReference, HUB_ENDPOINT } from '../../core/index.ts';

/** The source as the plan was made from it: a Hub repo at its commit, whatever its branch says by now. */
export function pinSource(source: SourceDescriptor, hub: HubFacts | null): SourceDescriptor {
  if (source.kind !== 'hub' || !hub) return source;
  const reference = formatRepoReference({ repo: hub.repo, revision: hub.commit, path: hub.path, endpoint: null });
  const same = (source.endpoint ?? HUB_ENDPOINT) === hub.endpoint;
  const { token } = source;
  return { kind: 'hub', reference, endpoint: hub.endpoint, ...(same && token !== undefined ? { token } : {}) };
}
