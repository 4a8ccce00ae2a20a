import { denseEntries, planOf5, planOf457 } from '../ep-plans.ts';
import { axis, meshOf } from '../mesh.ts';
import { restToLast } from '../stages.ts';
import type { Cuts, DensePlan, Framework, ModelFacts, PlacementError, PlacementOptions } from '../types.ts';
import { degree } from './deal.ts';

const CUTS: Cuts = {
  ep: 'tp',
  inner: 'fsdp',
  innerRowsWhenFew: false,
  etp: null,
  pp: 'pp',
  fsdp: 'fsdp',
  tp: 'tp',
};

/** Python's own words for a field that a version's `DistributedConfig` does not have. */
function unknownField(name: string): PlacementError {
  return { error: `DistributedConfig.__init__() got an unexpected keyword argument '${name}_size'` };
}

/** Expert parallelism is the `tp` axis; there is no context parallelism, and `tp` has no size beside it. */
function unsupported(options: PlacementOptions, names: readonly ('cp' | 'pp')[]): PlacementError | null {
  const name = names.find((each) => degree(options, each) > 1);
  if (name) return unknownField(name);
  const ep = degree(options, 'ep');
  const tp = degree(options, 'tp', ep);
  if (tp === 1 || tp === ep) return null;
  return { error: `Expert parallelism runs over the tp axis: tp_size is the number of expert-parallel ranks, ${ep}.` };
}

/** What PyTorch says of one token when the heads of a plan's sharded keys do not come out whole. */
function headsLimit(plan: DensePlan, facts: ModelFacts, ep: number): string | null {
  const { kvHeads, headDim } = facts;
  if (kvHeads === null || headDim === null || !plan.column.some((name) => name.endsWith('self_attn.k_proj')))
    return null;
  const columns = (kvHeads * headDim) / ep;
  if (columns % headDim === 0) return null;
  return `shape '[1, 1, -1, ${headDim}]' is invalid for input of size ${Math.ceil(columns)}`;
}

function listed(entries: Parameters<typeof denseEntries>[0]): DensePlan {
  return { kind: 'listed', ...denseEntries(entries), repeatsKv: false };
}

/** transformers 5: `DistributedConfig(tp_size=EP, fsdp_size=…, enable_expert_parallel=True)`. */
export const transformers5: Framework = {
  id: 'transformers-5',
  title: 'transformers 5',
  version: '5.18.0 (5.17 places alike)',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  cuts: CUTS,
  mesh(options) {
    const wrong = unsupported(options, ['cp']);
    if (wrong) return wrong;
    const [pp, fsdp] = [degree(options, 'pp'), degree(options, 'dp')];
    if (fsdp > 1 && pp > 1) {
      return {
        error:
          'Combining FSDP with pipeline parallelism is not supported yet. Use DistributedConfig(tp_size=N, fsdp_size=M), or combine TP and PP.',
      };
    }
    return meshOf(
      [[axis('pp', pp), axis('fsdp', fsdp), axis('tp', degree(options, 'ep'))]],
      [{ name: 'ep', of: ['tp'] }],
    );
  },
  limit(options, facts) {
    const ep = degree(options, 'ep');
    if (ep === 1) return null;
    if (planOf5(facts.modelType) === null) {
      const name = facts.className ?? facts.modelType ?? 'PreTrainedModel';
      return `Expert parallelism was requested (\`enable_expert_parallel=True\`), but \`${name}\` does not define an expert-parallel plan. Add a \`base_model_ep_plan\` to its config, or disable expert parallelism.`;
    }
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (uneven) return `Cannot evenly shard ${uneven.experts} experts across ${ep} expert-parallel ranks.`;
    return headsLimit(this.densePlan(facts), facts, ep);
  },
  densePlan: (facts) => listed(planOf5(facts.modelType) ?? []),
  stages: restToLast,
  warnings(options, facts) {
    const out: string[] = [];
    if (degree(options, 'ep') === 1) return out;
    if (facts.modelType?.startsWith('llama4'))
      out.push('Llama 4’s router returns two values where the expert-parallel hook of transformers 5 unpacks three.');
    if (degree(options, 'dp') > 1)
      out.push(
        'Seen with transformers 5.17.0 and PyTorch 2.11.0: loading with expert parallelism and FSDP together stops every rank outside the first FSDP group with "IndexError: tuple index out of range". Run the assertion script first.',
      );
    return out;
  },
};

/** transformers 4.57 with the plan that the fork adds to Qwen3-MoE; Llama 4 and gpt-oss have their own. */
export const transformers457: Framework = {
  id: 'transformers-4.57',
  title: 'transformers 4.57 with the fork’s plan',
  version: '4.57.6',
  strategies: ['linear'],
  redundant: false,
  loading: 'slices',
  cuts: { ...CUTS, inner: null, fsdp: null, pp: null },
  mesh(options) {
    const wrong = unsupported(options, ['cp', 'pp']);
    if (wrong) return wrong;
    return meshOf(
      [[axis('dp', degree(options, 'dp')), axis('tp', degree(options, 'ep'))]],
      [{ name: 'ep', of: ['tp'] }],
    );
  },
  limit(options, facts) {
    const ep = degree(options, 'ep');
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (uneven)
      return `Global number of experts must be divisible by number of devices: ${uneven.experts} % ${ep} != 0`;
    return headsLimit(this.densePlan(facts), facts, ep);
  },
  densePlan: (facts) => listed(planOf457(facts.modelType).entries),
  stages: restToLast,
  warnings(options, facts) {
    const out: string[] = [];
    if (degree(options, 'ep') > 1 && !planOf457(facts.modelType).own)
      out.push(
        `transformers 4.57 has no expert-parallel plan for ${facts.modelType ?? 'this model'}; placed as the fork's plan for Qwen3-MoE would. Without such a plan every rank loads every expert and nothing says so.`,
      );
    if (degree(options, 'dp') > 1)
      out.push('Loading replicates over data parallelism; FSDP cuts afterwards, in memory.');
    return out;
  },
};
