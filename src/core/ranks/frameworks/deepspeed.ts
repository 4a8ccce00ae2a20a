import { axis, meshOf } from '../mesh.ts';
import { restToLast } from '../stages.ts';
import type { Framework } from '../types.ts';
import { degree } from './deal.ts';

/** DeepSpeed-MoE: `ep_size` on the layer; neighbouring ranks share the experts, replicas are strided. */
export const deepspeedMoe: Framework = {
  id: 'deepspeed-moe',
  title: 'DeepSpeed-MoE',
  version: 'deepspeed/moe/layer.py at 639460a',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: null, fsdp: null, tp: null },
  mesh(options) {
    const other = (['tp', 'pp', 'cp'] as const).find((name) => degree(options, name) > 1);
    if (other)
      return { error: `DeepSpeed's MoE layer knows expert and data parallelism alone; ${other} is left at 1 here.` };
    const ep = degree(options, 'ep');
    const world = degree(options, 'dp', ep);
    if (world % ep !== 0) return { error: `${world} is not divisible by ${ep}` };
    return meshOf([[axis('dp', world)], [axis('edp', world / ep), axis('ep', ep)]]);
  },
  limit(options, facts) {
    const ep = degree(options, 'ep');
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    return uneven ? `Number of experts (${uneven.experts}) should be divisible by expert parallel size (${ep})` : null;
  },
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
};
