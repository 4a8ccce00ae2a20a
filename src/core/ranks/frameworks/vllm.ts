import { axis, axisSize, meshOf } from '../mesh.ts';
import { restBeforeLast } from '../stages.ts';
import type { Framework, Mesh, ModelFacts, PlacementOptions } from '../types.ts';
import { degree, fewestRedundant, firstGetMore, lastGetsRest } from './deal.ts';

const NO_GROUPS =
  'Round-robin expert placement is only supported for models with multiple expert groups and no redundant experts. Falling back to linear expert placement.';

/** Backends without all-to-all kernels of their own, and the one that keeps round-robin. */
const KEEPS_ROUND_ROBIN = new Set(['deepep_low_latency', 'naive', 'allgather_reducescatter']);

function balances({ redundant = 0, strategy = 'linear' }: PlacementOptions): boolean {
  return redundant > 0 || !['linear', 'round-robin'].includes(strategy);
}

function headsLimit(facts: ModelFacts, mesh: Mesh): string | null {
  const tp = axisSize(mesh, 'tp');
  if (facts.heads !== null && facts.heads % tp !== 0)
    return `Total number of attention heads (${facts.heads}) must be divisible by tensor parallel size (${tp}).`;
  if (facts.kvHeads !== null && facts.kvHeads % tp !== 0 && tp % facts.kvHeads !== 0)
    return facts.kvHeads < tp
      ? 'assert tp_size % self.total_num_kv_heads == 0'
      : 'assert self.total_num_kv_heads % tp_size == 0';
  return null;
}

/** What is left of a product when some of its factors are known. */
function rest(product: number | undefined, known: number): number {
  return Math.max(Math.floor((product ?? 1) / known), 1);
}

/** vLLM: expert parallelism is data × prefill context × tensor parallelism; its size cannot be chosen. */
export const vllm: Framework = {
  id: 'vllm',
  title: 'vLLM',
  version: 'since #21497 (uneven experts)',
  strategies: ['linear', 'round-robin', 'ep-aware', 'hierarchical', 'global', 'custom'],
  redundant: true,
  loading: 'everything',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: 'pp', fsdp: null, tp: 'tp' },
  mesh(options) {
    const [pp, pcp] = [degree(options, 'pp'), degree(options, 'cp')];
    const asked = options.ep;
    const tp = degree(options, 'tp', options.dp === undefined ? 1 : rest(asked, options.dp * pcp));
    const dp = degree(options, 'dp', rest(asked, tp * pcp));
    const ep = dp * pcp * tp;
    if (asked !== undefined && asked !== ep) {
      return {
        error: `vLLM takes expert parallelism to be data × context × tensor parallelism: ${dp} × ${pcp} × ${tp} is not ${asked}.`,
      };
    }
    const grid = [axis('dp', dp), axis('pp', pp), axis('pcp', pcp), axis('tp', tp)];
    return meshOf([grid], [{ name: 'ep', of: ['dp', 'pcp', 'tp'] }]);
  },
  limit(options, facts, mesh) {
    const heads = headsLimit(facts, mesh);
    if (heads) return heads;
    const ep = axisSize(mesh, 'ep');
    const { redundant = 0 } = options;
    if (balances(options) && facts.moeLayers.some((layer) => (layer.experts + redundant) % ep !== 0))
      return 'EPLB currently only supports even distribution of experts across ranks.';
    return null;
  },
  settle(options, facts) {
    const { strategy = 'linear', redundant = 0, all2all } = options;
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
  warnings(options, facts, mesh) {
    const out: string[] = [];
    const ep = axisSize(mesh, 'ep');
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
};

/** vLLM before #21497: whatever does not divide goes to the last rank. */
export const vllmBefore: Framework = {
  ...vllm,
  id: 'vllm-before-21497',
  title: 'vLLM before uneven experts',
  version: 'before #21497 (July 2025)',
  strategies: ['linear'],
  redundant: false,
  linear: lastGetsRest,
  warnings(_options, facts, mesh) {
    const ep = axisSize(mesh, 'ep');
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    return uneven
      ? [`${uneven.experts} experts do not divide by ${ep}: the last rank holds what is left, all others as few.`]
      : [];
  },
};
