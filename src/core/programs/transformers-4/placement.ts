import { degree } from '../../ranks/deal.ts';
import { foldedMesh, foldedSizes } from '../../ranks/folded.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementOptions, PlacementRules } from '../../ranks/types.ts';
import { headsLimit, listedPlan } from '../transformers/listed-plan.ts';
import { tensorFault, unknownField } from '../transformers/placement.ts';
import { planOf457 } from './ep-plan.ts';

/** True where nothing but expert parallelism is asked for: `from_pretrained` alone, without FSDP2. */
function isPlain({ dp, cp, world }: PlacementOptions): boolean {
  return dp === undefined && (cp ?? 1) === 1 && world === undefined;
}

/**
 * transformers 4.57 with the plan that the fork adds to Qwen3-MoE; Llama 4 and gpt-oss have their own.
 *
 * With data or context parallelism it is the model card's set-up: FSDP2 over all ranks, expert parallelism folded into them.
 */
export const placement: PlacementRules = {
  version: '4.57.6',
  source: 'huggingface/transformers v4.57.6 and aminediroHF/transformers, branch qwen3-moe-ep',
  date: '2026-11-22',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  exchange: 'all-reduce',
  cuts: { ep: 'ep', inner: 'edp', innerRowsWhenFew: false, etp: null, pp: null, fsdp: 'fsdp', tp: 'tp' },
  inputs: { dp: 'Data, sharded', cp: 'Context' },
  settings: {
    expert_parallel_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    context_parallel_size: { kind: 'count', of: 'cp', title: 'Context-parallel size, inside expert parallelism' },
    parallelism_config_cp_size: { kind: 'count', of: 'cp', title: 'accelerate’s name of it' },
    parallelism_config_dp_shard_size: {
      kind: 'count',
      of: 'dp',
      title: 'Data-parallel size, sharded, by accelerate’s name',
    },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
  },
  inferred: ['dp'],
  sizes(options) {
    if (degree(options, 'pp') > 1) return unknownField('pp');
    const wrong = tensorFault(options);
    if (wrong) return wrong;
    if (isPlain(options)) return { dp: 1, cp: 1, tp: 1, pp: 1, ep: degree(options, 'ep'), etp: 1 };
    return foldedSizes({ ...options, tp: 1 });
  },
  mesh: (sizes) =>
    sizes.dp * sizes.cp === 1
      ? meshOf([[axis('dp', 1), axis('tp', sizes.ep)]], [{ name: 'ep', of: ['tp'] }])
      : foldedMesh(sizes, false),
  limit({ facts, sizes: { ep } }) {
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (uneven)
      return `Global number of experts must be divisible by number of devices: ${uneven.experts} % ${ep} != 0`;
    return headsLimit(this.densePlan(facts), facts, ep);
  },
  densePlan: (facts) => listedPlan(planOf457(facts.modelType).entries),
  stages: restToLast,
  warnings({ facts, sizes: { dp, cp, ep } }) {
    const out: string[] = [];
    if (ep > 1 && !planOf457(facts.modelType).own)
      out.push(
        `transformers 4.57 has no expert-parallel plan for ${facts.modelType ?? 'this model'}. The placement here follows the fork's plan for Qwen3-MoE. Without a plan, every rank loads every expert without a warning.`,
      );
    if (dp * cp > 1)
      out.push('Loading puts everything except routed experts on every rank. FSDP2 cuts it after loading, in memory.');
    return out;
  },
  loadingWarnings: (_, { apart }) =>
    apart
      ? [
          'transformers 4.57 does not stack experts while loading, so its plan needs fused experts in the files. The byte ranges here are those that a loader with stacking would read.',
        ]
      : [],
  plan: (modelType) => planOf457(modelType).entries,
  assertion: 'tensor-parallel-plan',
};
