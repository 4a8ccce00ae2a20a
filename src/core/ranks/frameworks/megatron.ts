import { axis, meshOf } from '../mesh.ts';
import { equalStages } from '../stages.ts';
import type { Framework, PlacementOptions } from '../types.ts';
import { degree, timesToDivide } from './deal.ts';

function sizes(options: PlacementOptions) {
  const [pp, cp, tp, ep] = [degree(options, 'pp'), degree(options, 'cp'), degree(options, 'tp'), degree(options, 'ep')];
  const etp = degree(options, 'etp', tp);
  const dp = degree(options, 'dp', timesToDivide(tp * cp, etp * ep));
  return { pp, cp, tp, ep, etp, dp, world: tp * cp * dp * pp };
}

/** Megatron-LM: two grids over the same ranks, order tp-cp-ep-dp-pp with the first changing fastest. */
export const megatronCore: Framework = {
  id: 'megatron-core',
  title: 'Megatron-Core',
  version: 'd98e8a6 (2026-08-22)',
  strategies: ['linear'],
  redundant: false,
  loading: 'none',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: 'etp', pp: 'pp', fsdp: null, tp: 'tp' },
  mesh(options) {
    const { pp, cp, tp, ep, etp, dp, world } = sizes(options);
    const block = etp * ep * pp;
    if (world % block !== 0) {
      return {
        error: `world_size (${world}) is not divisible by expert_tensor_model_pipeline_parallel size (${block})`,
      };
    }
    const dense = [axis('pp', pp), axis('dp', dp), axis('cp', cp), axis('tp', tp)];
    const experts = [axis('pp', pp), axis('edp', world / block), axis('ep', ep), axis('etp', etp)];
    return meshOf([dense, experts]);
  },
  limit(options, facts) {
    const { tp, ep, etp } = sizes(options);
    if (facts.moeLayers.some((layer) => layer.experts % ep !== 0))
      return 'Number of experts should be a multiple of expert model parallel_size.';
    if (facts.heads !== null && facts.heads % tp !== 0)
      return `num_attention_heads (${facts.heads}) must be a multiple of tensor_model_parallel_size (${tp}).`;
    if (facts.kvHeads !== null && facts.kvHeads % tp !== 0)
      return `num_query_groups (${facts.kvHeads}) must be a multiple of tensor_model_parallel_size (${tp}).`;
    if (facts.intermediate !== null && facts.intermediate % etp !== 0)
      return `${facts.intermediate} is not divisible by ${etp}`;
    return null;
  },
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: false }),
  stages: equalStages,
  warnings(options) {
    const { tp } = sizes(options);
    const out = ['Megatron reads its own checkpoint format: these ranges are what a reader of these files would need.'];
    if (options.etp === undefined && tp > 1)
      out.push(`--expert-tensor-parallel-size is the tensor-parallel size, ${tp}, unless it is set.`);
    return out;
  },
};
