import { dataParallel, degree, timesToDivide } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { equalStages } from '../../ranks/stages.ts';
import type { PlacementRules } from '../../ranks/types.ts';

/** Megatron-LM: two grids over the same ranks, order tp-cp-ep-dp-pp with the first changing fastest. */
export const placement: PlacementRules = {
  version: 'd98e8a6 (2026-08-22)',
  source: 'NVIDIA/Megatron-LM, megatron/core/parallel_state.py and megatron/training/arguments.py',
  date: '2026-11-22',
  strategies: ['linear'],
  redundant: false,
  loading: 'none',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: 'etp', pp: 'pp', fsdp: null, tp: 'tp' },
  inputs: { tp: 'Tensor', pp: 'Pipeline', cp: 'Context', dp: 'Data', etp: 'Tensor, inside experts,' },
  inferred: ['dp', 'etp'],
  sizes(options) {
    const [pp, cp, tp] = [degree(options, 'pp'), degree(options, 'cp'), degree(options, 'tp')];
    const ep = degree(options, 'ep');
    const etp = degree(options, 'etp', tp);
    const dp = dataParallel(options, pp * cp * tp, timesToDivide(tp * cp, etp * ep));
    const [world, block] = [tp * cp * dp * pp, etp * ep * pp];
    if (world % block !== 0)
      return {
        error: `world_size (${world}) is not divisible by expert_tensor_model_pipeline_parallel size (${block})`,
      };
    return { dp, cp, tp, pp, ep, etp };
  },
  mesh({ dp, cp, tp, pp, ep, etp }) {
    const dense = [axis('pp', pp), axis('dp', dp), axis('cp', cp), axis('tp', tp)];
    const experts = [axis('pp', pp), axis('edp', (dp * cp * tp) / (etp * ep)), axis('ep', ep), axis('etp', etp)];
    return meshOf([dense, experts]);
  },
  limit({ sizes: { tp, ep, etp }, facts }) {
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
  warnings({ options, sizes: { tp } }) {
    const out = ['Megatron reads its own checkpoint format: these ranges are what a reader of these files would need.'];
    if (options.etp === undefined && tp > 1)
      out.push(`--expert-tensor-parallel-size is the tensor-parallel size, ${tp}, unless it is set.`);
    return out;
  },
};
