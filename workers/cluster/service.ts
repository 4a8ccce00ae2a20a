import { clusterJobs, formatPlanFile, identifySource, LoomError } from '../../src/core/index.ts';
import type { InspectSession } from '../inspect/session.ts';
import type { ClusterService } from './protocol.ts';

export function createClusterService(current: () => InspectSession): ClusterService {
  return {
    clusterFiles: async (target, options, named, wish, signal) => {
      const { plan: planOf, files } = current();
      const plan = await planOf(target, options);
      const [refusal] = plan.refusals;
      if (refusal) throw new LoomError('not-convertible', refusal.message);
      const source = { ...named, files: await identifySource(plan, files, signal) };
      const { text, hash } = await formatPlanFile({ plan, source, card: null });
      return { ...clusterJobs({ hash, source }, wish), plan: new Blob([text], { type: 'application/json' }), hash };
    },
  };
}
