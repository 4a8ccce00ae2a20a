import { dataParallel, degree, timesToDivide } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { countOf } from '../../ranks/settings.ts';
import { equalStages } from '../../ranks/stages.ts';
import type { PlacementError, PlacementOptions, PlacementRules } from '../../ranks/types.ts';

/** Layers of the first and the last stage, 0 where Megatron divides by itself. */
export function outerStages(options: PlacementOptions): { readonly first: number; readonly last: number } {
  return {
    first: countOf(options, 'decoder_first_pipeline_num_layers', 0),
    last: countOf(options, 'decoder_last_pipeline_num_layers', 0),
  };
}

/** As `TransformerConfig` divides what the first and the last stage leave; those that are not set are equal to the middle. */
function stagesOf(layers: number, pp: number, options: PlacementOptions): readonly number[] | PlacementError {
  const { first, last } = outerStages(options);
  if (first === 0 && last === 0) return equalStages(layers, pp);
  const outer = [first, last].filter((count) => count > 0);
  const rest = layers - first - last;
  const middle = pp - outer.length;
  if ((rest !== 0) !== (middle !== 0))
    return { error: `Mismatch: ${rest} middle layers remaining but ${middle} middle PP stages available.` };
  if (middle !== 0 && rest % middle !== 0)
    return {
      error: `number of layers at middle stage: ${rest} must be divisible bythe middle pipeline model parallel size ${middle}`,
    };
  const between = Array.from({ length: middle }, () => rest / middle);
  return [...(first > 0 ? [first] : []), ...between, ...(last > 0 ? [last] : [])];
}

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
  settings: {
    expert_model_parallel_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    expert_tensor_parallel_size: { kind: 'count', of: 'etp', title: 'Tensor-parallel size inside experts' },
    tensor_model_parallel_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
    pipeline_model_parallel_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
    context_parallel_size: { kind: 'count', of: 'cp', title: 'Context-parallel size' },
    decoder_first_pipeline_num_layers: { kind: 'count', title: 'Decoder layers of the first stage' },
    decoder_last_pipeline_num_layers: { kind: 'count', title: 'Decoder layers of the last stage' },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
  },
  inferred: ['dp', 'etp'],
  sizes(options) {
    const [pp, cp, tp] = [degree(options, 'pp'), degree(options, 'cp'), degree(options, 'tp')];
    const ep = degree(options, 'ep');
    const etp = degree(options, 'etp', tp);
    const model = tp * pp * cp;
    if (options.world !== undefined && options.world % model !== 0)
      return {
        error: `world size (${options.world}) is not divisible by total_model_size (total_model_size=${model})`,
      };
    const dp = dataParallel(options, model, timesToDivide(tp * cp, etp * ep));
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
  stages: stagesOf,
  warnings({ options, sizes: { tp } }) {
    const out = [
      'Megatron reads only its own checkpoint format. The byte ranges here are those that a loader of these files would need.',
    ];
    if (options.etp === undefined && tp > 1)
      out.push(`--expert-tensor-parallel-size is the tensor-parallel size, ${tp}, unless it is set.`);
    return out;
  },
};
