import { degree, fitInto } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementError, PlacementOptions, PlacementRules } from '../../ranks/types.ts';
import { planOf5 } from './ep-plans.ts';
import { headsLimit, listedPlan } from './listed-plan.ts';
import { CONFIG_SIZES } from './sizes.ts';

/** Python's own words for a field that a version's `DistributedConfig` does not have. */
export function unknownField(name: string): PlacementError {
  return { error: `DistributedConfig.__init__() got an unexpected keyword argument '${name}_size'` };
}

/** Expert parallelism is the `tp` axis: `tp` has no size beside it. */
export function tensorFault(options: PlacementOptions): PlacementError | null {
  const ep = degree(options, 'ep');
  const tp = degree(options, 'tp', ep);
  if (tp === 1 || tp === ep) return null;
  return {
    error: `Expert parallelism runs over the tp axis: ${CONFIG_SIZES.ep} is the number of expert-parallel ranks, ${ep}.`,
  };
}

/** transformers 5: `DistributedConfig(tp_size=EP, fsdp_size=…, enable_expert_parallel=True)`. */
export const placement: PlacementRules = {
  version: '5.18.0 (same rules in 5.17)',
  source: 'huggingface/transformers, src/transformers/distributed and integrations/tensor_parallel.py',
  date: '2026-11-22',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  exchange: 'all-reduce',
  cuts: { ep: 'tp', inner: 'fsdp', innerRowsWhenFew: false, etp: null, pp: 'pp', fsdp: 'fsdp', tp: 'tp' },
  inputs: { pp: 'Pipeline', dp: 'FSDP' },
  settings: {
    [CONFIG_SIZES.ep]: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    [CONFIG_SIZES.dp]: { kind: 'count', of: 'dp', title: 'FSDP' },
    [CONFIG_SIZES.pp]: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
  },
  inferred: [],
  sizes(options) {
    if (degree(options, 'cp') > 1) return unknownField('cp');
    const wrong = tensorFault(options);
    if (wrong) return wrong;
    const [pp, ep] = [degree(options, 'pp'), degree(options, 'ep')];
    const dp = degree(options, 'dp', options.world === undefined ? 1 : fitInto(options.world, ep * pp));
    if (dp > 1 && pp > 1) {
      return {
        error:
          'Combining FSDP with pipeline parallelism is not supported yet. Use DistributedConfig(tp_size=N, fsdp_size=M), or combine TP and PP.',
      };
    }
    return { dp, cp: 1, tp: 1, pp, ep, etp: 1 };
  },
  mesh: ({ dp, pp, ep }) => meshOf([[axis('pp', pp), axis('fsdp', dp), axis('tp', ep)]], [{ name: 'ep', of: ['tp'] }]),
  limit({ facts, sizes: { ep } }) {
    if (ep === 1) return null;
    const entries = planOf5(facts.modelType);
    if (entries === null) {
      const name = facts.className ?? facts.modelType ?? 'PreTrainedModel';
      return `Expert parallelism was requested (\`enable_expert_parallel=True\`), but \`${name}\` does not define an expert-parallel plan. Add a \`base_model_ep_plan\` to its config, or disable expert parallelism.`;
    }
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (uneven) return `Cannot evenly shard ${uneven.experts} experts across ${ep} expert-parallel ranks.`;
    return headsLimit(listedPlan(entries), facts, ep);
  },
  densePlan: (facts) => listedPlan(planOf5(facts.modelType) ?? []),
  stages: restToLast,
  warnings({ facts, sizes: { dp, ep } }) {
    const out: string[] = [];
    if (ep === 1) return out;
    if (facts.modelType?.startsWith('llama4'))
      out.push('Llama 4’s router returns two values where the expert-parallel hook of transformers 5 unpacks three.');
    if (dp > 1)
      out.push(
        'Seen with transformers 5.17.0 and PyTorch 2.11.0: loading with expert parallelism and FSDP together stops every rank outside the first FSDP group with "IndexError: tuple index out of range". Run the assertion script first.',
      );
    return out;
  },
  loadingWarnings: (_, { stacked }) =>
    stacked
      ? [
          'transformers 5 holds gate and up in one tensor. It would ignore stacked gate_proj and up_proj and fill gate_up_proj with random values, with a warning but without an error. Convert to gate-up or to per-expert.',
        ]
      : [],
  plan: planOf5,
  assertion: CONFIG_SIZES,
};
