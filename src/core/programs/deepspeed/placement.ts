import { dataParallel, degree } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementRules } from '../../ranks/types.ts';

const COMMON: Pick<PlacementRules, 'strategies' | 'redundant' | 'loading' | 'exchange' | 'densePlan' | 'stages'> = {
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-to-all',
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
};

/** DeepSpeed-MoE: `ep_size` on the layer; neighbouring ranks share the experts, replicas are strided. */
export const moePlacement: PlacementRules = {
  ...COMMON,
  version: 'deepspeed/moe/layer.py at 639460a',
  source: 'deepspeedai/DeepSpeed, deepspeed/moe/layer.py and deepspeed/utils/groups.py',
  date: '2026-11-22',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: null, fsdp: null, tp: null },
  inputs: { dp: 'Data (world)' },
  inferred: ['dp'],
  sizes(options) {
    const other = (['tp', 'pp', 'cp'] as const).find((name) => degree(options, name) > 1);
    if (other)
      return { error: `DeepSpeed's MoE layer supports only expert and data parallelism; ${other} is left at 1 here.` };
    const ep = degree(options, 'ep');
    const dp = dataParallel(options, 1, ep);
    if (dp % ep !== 0) return { error: `${dp} is not divisible by ${ep}` };
    return { dp, cp: 1, tp: 1, pp: 1, ep, etp: 1 };
  },
  mesh: ({ dp, ep }) => meshOf([[axis('dp', dp)], [axis('edp', dp / ep), axis('ep', ep)]]),
  limit({ sizes: { ep }, facts }) {
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    return uneven ? `Number of experts (${uneven.experts}) should be divisible by expert parallel size (${ep})` : null;
  },
  loadingWarnings: () => [
    'Every rank reads every tensor and keeps its part. Sharding by ZeRO after loading is not counted.',
  ],
};

/** ZeRO-3: every parameter is cut over all ranks; experts are parameters like any other. */
export const zeroPlacement: PlacementRules = {
  ...COMMON,
  version: '639460a',
  source: 'deepspeedai/DeepSpeed, deepspeed/runtime/zero/partition_parameters.py',
  date: '2026-11-22',
  cuts: { ep: 'ep', inner: 'world', innerRowsWhenFew: true, etp: null, pp: null, fsdp: 'world', tp: null },
  inputs: { cp: 'Context (Ulysses)', dp: 'Data' },
  inferred: ['dp'],
  sizes(options) {
    const other = (['ep', 'tp', 'pp'] as const).find((name) => degree(options, name) > 1);
    if (other) return { error: `DeepSpeed ZeRO has no ${other} here: it cuts every parameter over all ranks.` };
    const cp = degree(options, 'cp');
    return { dp: dataParallel(options, cp, 1), cp, tp: 1, pp: 1, ep: 1, etp: 1 };
  },
  mesh: ({ dp, cp }) =>
    meshOf(
      [[axis('dp', dp), axis('cp', cp)]],
      [
        { name: 'world', of: ['dp', 'cp'] },
        { name: 'ep', of: [] },
      ],
    ),
  limit: () => null,
};
