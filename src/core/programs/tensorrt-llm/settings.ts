import { degree, fitInto } from '../../ranks/deal.ts';
import { countOf, wordOf } from '../../ranks/settings.ts';
import type { PlacementError, PlacementOptions, Setting, Sizes } from '../../ranks/types.ts';

const CONTEXT = { ULYSSES: true, STAR: true, RING: true, HELIX: true } as const;

/** Options that decide where experts go, by the names of `Mapping` and of the LLM API. */
export const settings: Readonly<Record<string, Setting>> = {
  tp_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
  tensor_parallel_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
  pp_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
  pipeline_parallel_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
  cp_size: { kind: 'count', of: 'cp', title: 'Context-parallel size' },
  context_parallel_size: { kind: 'count', of: 'cp', title: 'Context-parallel size' },
  cp_type: { kind: 'word', words: CONTEXT, title: 'Kind of context parallelism' },
  moe_ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size, inside tensor parallelism' },
  moe_expert_parallel_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size, inside tensor parallelism' },
  moe_tp_size: { kind: 'count', of: 'etp', title: 'Tensor-parallel size inside experts' },
  moe_tensor_parallel_size: { kind: 'count', of: 'etp', title: 'Tensor-parallel size inside experts' },
  moe_cluster_size: { kind: 'count', title: 'Clusters of experts' },
  moe_cluster_parallel_size: { kind: 'count', as: 'moe_cluster_size', title: 'Clusters of experts' },
  enable_attention_dp: { kind: 'flag', title: 'Attention whole on every rank' },
  num_slots: { kind: 'count', title: 'Slots of the load balancer, all ranks together' },
  initial_global_assignments: { kind: 'json', title: 'The expert of each slot, one list for each layer' },
  layer: { kind: 'count', title: 'The layer whose list is used for all layers' },
};

export function clustersOf(options: PlacementOptions): number {
  return countOf(options, 'moe_cluster_size');
}

/**
 * `Mapping.__init__`: what is not given follows from the others; the product of the three sizes of experts is tensor
 * parallelism (times context parallelism with Helix).
 */
export function sizesOf(options: PlacementOptions): Sizes | PlacementError {
  const [pp, cp, cluster] = [degree(options, 'pp'), degree(options, 'cp'), clustersOf(options)];
  const { ep: askedEp, etp: askedEtp } = options;
  const least = (askedEp ?? 1) * (askedEtp ?? 1) * cluster;
  const tp = degree(options, 'tp', options.world === undefined ? least : fitInto(options.world, pp * cp));
  const helix = wordOf(options, 'cp_type', 'ULYSSES') === 'HELIX';
  const world = helix ? tp * cp : tp;
  const ep = askedEp ?? (askedEtp === undefined ? 1 : Math.floor(world / (askedEtp * cluster)));
  const etp = askedEtp ?? Math.floor(world / (ep * cluster));
  if (ep * etp * cluster !== world)
    return {
      error: `moe_tp_size * moe_ep_size * moe_cluster_size must equal to moe_world_size, but got ${ep * etp * cluster} != ${world}`,
    };
  if (ep !== 1 && cp > 1 && !helix)
    return { error: `CP CpType.${wordOf(options, 'cp_type', 'ULYSSES')} doesn't support MoE tp/ep yet` };
  if (cluster > 1 && ep !== 1) return { error: 'assert moe_ep_size == 1' };
  if (cluster > 1)
    return { error: 'The placement for expert clusters is not supported here. Leave moe_cluster_size at 1.' };
  const attention = options.own?.enable_attention_dp === true ? { attnTp: 1 } : {};
  return { dp: 1, cp, tp, pp, ep, etp, ...attention };
}
