import { axis, meshOf } from '../mesh.ts';
import { endsCountAsLayers } from '../stages.ts';
import type { Framework, PlacementOptions } from '../types.ts';
import { degree, timesToDivide } from './deal.ts';

/** Sparse ranks: expert parallelism borrows from `dp_shard`, `cp` and `tp`, and leaves the rest to `efsdp`. */
function sizes(options: PlacementOptions) {
  const [pp, cp, tp, ep] = [degree(options, 'pp'), degree(options, 'cp'), degree(options, 'tp'), degree(options, 'ep')];
  const shard = degree(options, 'dp', timesToDivide(cp * tp, ep));
  return { pp, cp, tp, ep, shard, sparse: shard * cp * tp };
}

/** torchtitan: folded expert parallelism, FSDP2 on the same dim. */
export const torchtitan: Framework = {
  id: 'torchtitan',
  title: 'torchtitan',
  version: 'b5bcd76 (2026-08-21), checks of #4258',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  cuts: { ep: 'ep', inner: 'efsdp', innerRowsWhenFew: true, etp: null, pp: 'pp', fsdp: 'fsdp', tp: 'tp' },
  mesh(options) {
    const { pp, cp, tp, ep, shard, sparse } = sizes(options);
    if (sparse % ep !== 0)
      return { error: `expert_parallel_degree (${ep}) must divide dp_shard * cp * tp (${sparse})` };
    const dense = [axis('pp', pp), axis('dp_replicate', 1), axis('dp_shard', shard), axis('cp', cp), axis('tp', tp)];
    const experts = [axis('pp', pp), axis('dp_replicate', 1), axis('efsdp', sparse / ep), axis('ep', ep)];
    return meshOf([dense, experts], [{ name: 'fsdp', of: ['dp_shard', 'cp'] }]);
  },
  limit(options, facts) {
    const { tp, ep } = sizes(options);
    if (facts.heads !== null && facts.heads % tp !== 0)
      return `tensor_parallel_degree (${tp}) must divide n_heads (${facts.heads}).`;
    if (facts.kvHeads !== null && facts.kvHeads % tp !== 0)
      return `tensor_parallel_degree (${tp}) must divide n_kv_heads (${facts.kvHeads}).`;
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (!uneven) return null;
    const name = `layers.${uneven.index ?? 0}.moe`;
    return `${name}.num_experts (${uneven.experts}) must be divisible by expert_parallel_degree (${ep}).`;
  },
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: false }),
  stages: endsCountAsLayers,
  warnings(options) {
    const { tp, ep } = sizes(options);
    return ep < tp
      ? [
          `From #4794 on torchtitan refuses this: MoE models require expert_parallel_degree (${ep}) to be greater than or equal to tensor_parallel_degree (${tp}).`,
        ]
      : [];
  },
};
