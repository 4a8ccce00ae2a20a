import { dataParallel, degree, timesToDivide } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { countOf } from '../../ranks/settings.ts';
import { endsCountAsLayers } from '../../ranks/stages.ts';
import type { PlacementOptions, PlacementRules } from '../../ranks/types.ts';

/** Replicas around the shards; expert parallelism never spans them. */
export function replicasOf(options: PlacementOptions): number {
  return countOf(options, 'data_parallel_replicate_degree');
}

/** torchtitan: folded expert parallelism, FSDP2 on the same dim. */
export const placement: PlacementRules = {
  version: 'b5bcd76 (2026-08-21), checks of #4258',
  source: 'pytorch/torchtitan, torchtitan/distributed/parallel_dims.py',
  date: '2026-11-22',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: 'efsdp', innerRowsWhenFew: true, etp: null, pp: 'pp', fsdp: 'fsdp', tp: 'tp' },
  inputs: { tp: 'Tensor', pp: 'Pipeline', cp: 'Context', dp: 'Data, sharded' },
  settings: {
    expert_parallel_degree: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    tensor_parallel_degree: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
    pipeline_parallel_degree: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
    context_parallel_degree: { kind: 'count', of: 'cp', title: 'Context-parallel size' },
    data_parallel_shard_degree: { kind: 'count', of: 'dp', title: 'Data-parallel size, sharded' },
    dp_shard: { kind: 'count', of: 'dp', title: 'Data-parallel size, sharded' },
    data_parallel_replicate_degree: { kind: 'count', title: 'Replicas' },
    dp_replicate: { kind: 'count', as: 'data_parallel_replicate_degree', title: 'Replicas' },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
  },
  inferred: ['dp'],
  /** Expert parallelism borrows from `dp_shard`, `cp` and `tp`, and leaves the rest to `efsdp`. */
  sizes(options) {
    const [pp, cp, tp] = [degree(options, 'pp'), degree(options, 'cp'), degree(options, 'tp')];
    const ep = degree(options, 'ep');
    const replicate = replicasOf(options);
    const dp = dataParallel(options, replicate * pp * cp * tp, timesToDivide(cp * tp, ep));
    const product = replicate * dp * cp * tp * pp;
    if (options.world !== undefined && product !== options.world)
      return {
        error: `Invalid parallel dims: dp_replicate(${replicate}) * dp_shard(${dp}) * cp(${cp}) * tp(${tp}) * pp(${pp}) != WORLD_SIZE(${options.world})`,
      };
    if ((dp * cp * tp) % ep !== 0)
      return { error: `expert_parallel_degree (${ep}) must divide dp_shard * cp * tp (${dp * cp * tp})` };
    return { dp, cp, tp, pp, ep, etp: 1 };
  },
  mesh({ dp, cp, tp, pp, ep }, options) {
    const replicas = [axis('pp', pp), axis('dp_replicate', replicasOf(options))];
    const dense = [...replicas, axis('dp_shard', dp), axis('cp', cp), axis('tp', tp)];
    const experts = [...replicas, axis('efsdp', (dp * cp * tp) / ep), axis('ep', ep)];
    return meshOf([dense, experts], [{ name: 'fsdp', of: ['dp_shard', 'cp'] }]);
  },
  limit({ sizes: { tp, ep }, facts }) {
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
  warnings({ sizes: { tp, ep } }) {
    return ep < tp
      ? [
          `From #4794 on torchtitan refuses this: MoE models require expert_parallel_degree (${ep}) to be greater than or equal to tensor_parallel_degree (${tp}).`,
        ]
      : [];
  },
};
