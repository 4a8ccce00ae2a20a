import { degree } from '../../ranks/deal.ts';
import { foldedMesh, foldedSizes } from '../../ranks/folded.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementRules } from '../../ranks/types.ts';

/** FSDP2 as accelerate sets it up; expert parallelism, where a fork adds it, folded over its ranks. */
export const placement: PlacementRules = {
  version: 'accelerate 16cb6eb (2026-07-24)',
  source: 'huggingface/accelerate, src/accelerate/parallelism_config.py; PyTorch fully_shard',
  date: '2026-11-22',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: 'edp', innerRowsWhenFew: true, etp: null, pp: null, fsdp: 'fsdp', tp: 'tp' },
  inputs: { tp: 'Tensor', cp: 'Context', dp: 'Data, sharded' },
  inferred: ['dp'],
  sizes(options) {
    if (degree(options, 'pp') > 1)
      return { error: 'accelerate does not support pipeline parallelism with FSDP2. Leave pp at 1.' };
    return foldedSizes(options);
  },
  mesh: (sizes) => foldedMesh(sizes),
  limit({ facts, sizes: { tp, ep } }) {
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (uneven)
      return `Global number of experts must be divisible by number of devices: ${uneven.experts} % ${ep} != 0`;
    if (facts.heads !== null && facts.heads % tp !== 0)
      return `${facts.heads} attention heads are not divisible by tp ${tp}.`;
    return null;
  },
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
  warnings: ({ sizes: { ep } }) =>
    ep > 1
      ? [
          'accelerate has no expert parallelism. This is the set-up of a fork that places expert-parallel groups on the FSDP2 ranks.',
        ]
      : [],
};
