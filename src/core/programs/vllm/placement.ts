import { degree, fewestRedundant, firstGetMore, fitInto, lastGetsRest } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { restBeforeLast } from '../../ranks/stages.ts';
import type { ModelFacts, PlacementOptions, PlacementRules, StoredForms } from '../../ranks/types.ts';

const NO_GROUPS =
  'Round-robin expert placement is only supported for models with multiple expert groups and no redundant experts. Falling back to linear expert placement.';

/** Backends without all-to-all kernels of their own, and the one that keeps round-robin. */
const KEEPS_ROUND_ROBIN = new Set(['deepep_low_latency', 'naive', 'allgather_reducescatter']);

/** True where EPLB moves experts. */
export function balances({ redundant = 0, strategy = 'linear' }: PlacementOptions): boolean {
  return redundant > 0 || !['linear', 'round-robin'].includes(strategy);
}

function headsLimit(facts: ModelFacts, tp: number): string | null {
  if (facts.heads !== null && facts.heads % tp !== 0)
    return `Total number of attention heads (${facts.heads}) must be divisible by tensor parallel size (${tp}).`;
  if (facts.kvHeads !== null && facts.kvHeads % tp !== 0 && tp % facts.kvHeads !== 0)
    return facts.kvHeads < tp
      ? 'assert tp_size % self.total_num_kv_heads == 0'
      : 'assert self.total_num_kv_heads % tp_size == 0';
  return null;
}

/** What no error says about loading. */
function loadingNotes(placement: Parameters<NonNullable<PlacementRules['loadingWarnings']>>[0], stored: StoredForms) {
  const balanced = balances(placement);
  const out: string[] = [];
  if (stored.fused)
    out.push(
      'Fused experts turn vLLM’s --enable-ep-weight-filter off: it finds experts by their number in the name, so every rank reads all of them. For vLLM keep per-expert names.',
    );
  if (stored.apart && !balanced)
    out.push(
      'vLLM reads every tensor on every rank unless --enable-ep-weight-filter is set, which skips other ranks’ experts.',
    );
  if (stored.apart && balanced)
    out.push('vLLM’s --enable-ep-weight-filter is off under EPLB: every rank reads every tensor.');
  return out;
}

/**
 * vLLM: expert parallelism is data × prefill context × tensor parallelism; its size cannot be chosen.
 *
 * `ep` 1 beside other sizes is vLLM without `--enable-expert-parallel`: those ranks then cut every expert.
 */
export const placement: PlacementRules = {
  version: 'since #21497 (uneven experts)',
  source: 'vllm-project/vllm, vllm/config/parallel.py and vllm/model_executor/layers/fused_moe',
  date: '2026-11-22',
  strategies: ['linear', 'round-robin', 'ep-aware', 'hierarchical', 'global', 'custom'],
  redundant: true,
  loading: 'filter',
  loadingOf: ({ options }) => (balances(options) ? 'everything' : 'filter'),
  exchange: 'all-gather',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: 'moe_tp', pp: 'pp', fsdp: null, tp: 'tp' },
  inputs: { tp: 'Tensor', pp: 'Pipeline', cp: 'Prefill context', dp: 'Data' },
  inferred: ['tp', 'dp'],
  sizes(options) {
    const [pp, cp] = [degree(options, 'pp'), degree(options, 'cp')];
    const asked = options.ep;
    const filled = options.world === undefined ? asked : fitInto(options.world, pp);
    const tp = degree(options, 'tp', options.dp === undefined ? 1 : fitInto(filled ?? 1, options.dp * cp));
    const dp = degree(options, 'dp', fitInto(filled ?? 1, tp * cp));
    const together = dp * cp * tp;
    if (asked === 1) return { dp, cp, tp, pp, ep: 1, etp: together };
    if (asked !== undefined && asked !== together)
      return {
        error: `vLLM takes expert parallelism to be data × context × tensor parallelism: ${dp} × ${cp} × ${tp} is not ${asked}.`,
      };
    return { dp, cp, tp, pp, ep: together, etp: 1 };
  },
  mesh({ dp, pp, cp, tp, ep }) {
    const grid = [axis('dp', dp), axis('pp', pp), axis('pcp', cp), axis('tp', tp)];
    const of = ['dp', 'pcp', 'tp'];
    return meshOf([grid], ep > 1 || dp * cp * tp === 1 ? [{ name: 'ep', of }] : [{ name: 'moe_tp', of }]);
  },
  limit({ options, facts, sizes: { dp, tp, ep, etp } }) {
    const heads = headsLimit(facts, tp);
    if (heads) return heads;
    if (facts.intermediate !== null && facts.intermediate % etp !== 0)
      return 'assert intermediate_size % self.tp_size == 0';
    const { redundant = 0 } = options;
    if (balances(options) && ep === 1 && etp > 1) return 'enable_expert_parallel must be True to use EPLB.';
    if (balances(options) && tp * dp === 1)
      return 'EPLB requires tensor_parallel_size or data_parallel_size to be greater than 1, but got TP=1,DP=1.';
    if (balances(options) && facts.moeLayers.some((layer) => (layer.experts + redundant) % ep !== 0))
      return 'EPLB currently only supports even distribution of experts across ranks.';
    return null;
  },
  settle({ options, facts }) {
    const { strategy, redundant = 0, all2all } = options;
    if (strategy !== 'round-robin') return { strategy, warnings: [] };
    if ((facts.expertGroups ?? 1) <= 1 || redundant > 0) return { strategy: 'linear', warnings: [NO_GROUPS] };
    if (all2all !== undefined && !KEEPS_ROUND_ROBIN.has(all2all)) {
      const warning = `Round-robin expert placement currently only supports the DeepEP low-latency backend, but '${all2all}' was configured. Falling back to linear expert placement.`;
      return { strategy: 'linear', warnings: [warning] };
    }
    return { strategy, warnings: [] };
  },
  linear: firstGetMore,
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: true }),
  stages: restBeforeLast,
  warnings({ options, facts, sizes: { ep } }) {
    const out: string[] = [];
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (uneven && !balances(options)) {
      const fewest = fewestRedundant(uneven.experts, ep);
      out.push(
        `${uneven.experts} experts do not divide by ${ep}: some model files of vLLM refuse that, and EPLB needs ${fewest} redundant experts or more.`,
      );
    }
    if (balances(options)) out.push('The placement before the first rebalancing; EPLB moves experts while serving.');
    return out;
  },
  loadingWarnings: loadingNotes,
};

/** vLLM before #21497: whatever does not divide goes to the last rank. */
export const placementBefore: PlacementRules = {
  ...placement,
  version: 'before #21497 (July 2025)',
  strategies: ['linear'],
  redundant: false,
  loadingOf: () => 'everything',
  linear: lastGetsRest,
  warnings({ facts, sizes: { ep } }) {
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    return uneven
      ? [`${uneven.experts} experts do not divide by ${ep}: the last rank holds what is left, all others as few.`]
      : [];
  },
};
