import { degree, fewestRedundant, firstGetMore, fitInto, lastGetsRest } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { cutBlock, cutSentence } from '../../ranks/quant-cut.ts';
import { countOf, flagOf } from '../../ranks/settings.ts';
import { restBeforeLast } from '../../ranks/stages.ts';
import type { ModelFacts, PlacementOptions, PlacementRules, StoredForms } from '../../ranks/types.ts';
import { dealsBlocks } from '../serving.ts';
import { BACKENDS, REMOVED_BACKENDS, settings } from './settings.ts';

const NO_GROUPS =
  'Round-robin expert placement is only supported for models with multiple expert groups and no redundant experts. Falling back to linear expert placement.';

/** Backends whose kernels take experts that are dealt round-robin. */
const KEEPS_ROUND_ROBIN = new Set(['deepep_low_latency', 'nixl_ep']);

const DEFAULT_BACKEND = BACKENDS[0];

/** True where EPLB moves experts: asked for by name, by redundant slots, or by a placement that only EPLB makes. */
export function balances(options: Pick<PlacementOptions, 'redundant' | 'strategy' | 'own'>): boolean {
  const { redundant = 0, strategy = 'linear' } = options;
  return flagOf(options, 'enable_eplb') || redundant > 0 || !['linear', 'round-robin'].includes(strategy);
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

/** Decode context parallelism, which reuses ranks of tensor parallelism. */
export function decodeContext(options: Pick<PlacementOptions, 'own'>): number {
  return countOf(options, 'decode_context_parallel_size');
}

function decodeLimit(dcp: number, tp: number, pcp: number): string | null {
  if (pcp === 1) return tp % dcp === 0 ? null : `tp_size=${tp} must be divisible by dcp_size=${dcp}.`;
  if ([1, pcp, tp * pcp].includes(dcp)) return null;
  const valid = [...new Set([1, pcp, tp * pcp])].sort((a, b) => a - b).join(', ');
  return `When PCP is enabled, DCP must be disabled, span the PCP axis, or span the full TP x PCP axis. Got TP=${tp}, PCP=${pcp}, DCP=${dcp}; valid DCP sizes are [${valid}].`;
}

/** What cutting experts over ranks meets: widths that do not divide, and blocks of quantised weights. */
export function intermediateLimit(facts: ModelFacts, etp: number): string | null {
  const { intermediate } = facts;
  if (intermediate !== null && intermediate % etp !== 0) return 'assert intermediate_size % self.tp_size == 0';
  const cut = cutBlock(facts, etp);
  if (cut === null || dealsBlocks(cut.blocks.method)) return null;
  const cure = 'With --enable-expert-parallel experts stay whole.';
  if (cut.blocks.method !== 'fp8') return `${cutSentence(cut, etp)} ${cure}`;
  return cut.along === 'rows'
    ? `The output_size of gate's and up's weight = ${cut.slice} is not divisible by weight quantization block_n = ${cut.blocks.rows}. ${cure}`
    : `The input_size of down's weight = ${cut.slice} is not divisible by weight quantization block_k = ${cut.blocks.columns}. ${cure}`;
}

/** What no error says about loading. */
function loadingNotes(placement: Parameters<NonNullable<PlacementRules['loadingWarnings']>>[0], stored: StoredForms) {
  const balanced = balances(placement);
  const out: string[] = [];
  if (stored.fused)
    out.push(
      'vLLM’s --enable-ep-weight-filter does not work with fused experts, because it finds experts by the number in the name. Every rank reads all experts. Keep per-expert names for vLLM.',
    );
  if (stored.apart && !balanced)
    out.push(
      'vLLM reads every tensor on every rank unless --enable-ep-weight-filter is set, which skips other ranks’ experts.',
    );
  if (stored.apart && balanced)
    out.push('With EPLB, vLLM’s --enable-ep-weight-filter is off, so every rank reads every tensor.');
  return out;
}

/**
 * vLLM: expert parallelism is data × prefill context × tensor parallelism; its size cannot be chosen.
 *
 * `ep` 1 beside other sizes is vLLM without `--enable-expert-parallel`: those ranks then cut every expert.
 */
export const placement: PlacementRules = {
  version: '00193b82 (parallel.py), 04d26335 (expert_map_manager.py)',
  source:
    'vllm-project/vllm, vllm/config/parallel.py, vllm/model_executor/layers/fused_moe/expert_map_manager.py and fp8.py',
  date: '2026-11-29',
  strategies: ['linear', 'round-robin', 'ep-aware', 'hierarchical', 'global', 'custom'],
  redundant: true,
  loading: 'filter',
  loadingOf: ({ options }) => (balances(options) ? 'everything' : 'filter'),
  exchange: 'all-gather',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: 'moe_tp', pp: 'pp', fsdp: null, tp: 'tp' },
  inputs: { tp: 'Tensor', pp: 'Pipeline', cp: 'Prefill context', dp: 'Data' },
  inferred: ['tp', 'dp'],
  settings,
  resolve(options) {
    const { all2all } = options;
    const redundant = countOf(options, 'num_redundant_experts', options.redundant ?? 0);
    if (options.own?.num_redundant_experts !== undefined && redundant > 0 && !flagOf(options, 'enable_eplb'))
      return {
        error: `num_redundant_experts is set to ${redundant} but EPLB is not enabled. Either enable EPLB or unset num_redundant_experts.`,
      };
    if (all2all === undefined || (BACKENDS as readonly string[]).includes(all2all))
      return { options: { ...options, redundant }, warnings: [] };
    if (!(REMOVED_BACKENDS as readonly string[]).includes(all2all))
      return { error: `vLLM’s --all2all-backend takes ${BACKENDS.join(', ')}; "${all2all}" is not one of them.` };
    const warning = `The '${all2all}' all2all backend has been removed. Falling back to '${DEFAULT_BACKEND}'.`;
    return { options: { ...options, redundant, all2all: DEFAULT_BACKEND }, warnings: [warning] };
  },
  sizes(options) {
    const [pp, cp] = [degree(options, 'pp'), degree(options, 'cp')];
    const without = !flagOf(options, 'enable_expert_parallel', true);
    if (without && (options.ep ?? 1) > 1)
      return { error: `Without enable_expert_parallel there is no expert parallelism of ${options.ep}.` };
    const asked = without ? 1 : options.ep;
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
  limit({ options, facts, sizes: { dp, cp, tp, ep, etp } }) {
    const { redundant = 0 } = options;
    const balanced = balances(options);
    if (balanced && ep === 1 && etp > 1) return 'enable_expert_parallel must be True to use EPLB.';
    if (balanced && tp * cp * dp === 1)
      return 'EPLB requires tensor, prefill-context, or data parallelism, but got TP=1, PCP=1, DP=1.';
    if (cp > 1 && dp > 1) return 'PCP does not support data parallelism yet.';
    const decode = decodeLimit(decodeContext(options), tp, cp);
    if (decode) return decode;
    const heads = headsLimit(facts, tp);
    if (heads) return heads;
    const few = facts.moeLayers.find((layer) => tp > layer.experts);
    if (few) return `Tensor parallel size ${tp} is greater than the number of experts ${few.experts}.`;
    const odd = facts.moeLayers.find((layer) => balanced && (layer.experts + redundant) % ep !== 0);
    if (odd)
      return `EPLB currently only supports even distribution of experts across ranks. Got ${odd.experts + redundant} experts and ${ep} EP ranks.`;
    return intermediateLimit(facts, etp);
  },
  settle({ options, facts, sizes: { dp, cp, ep } }) {
    const { strategy, redundant = 0, all2all = DEFAULT_BACKEND } = options;
    if (strategy !== 'round-robin' || ep === 1) return { strategy: ep === 1 ? 'linear' : strategy, warnings: [] };
    if ((facts.expertGroups ?? 1) <= 1 || redundant > 0 || balances(options))
      return { strategy: 'linear', warnings: [NO_GROUPS] };
    // Tensor parallelism alone needs no all-to-all kernels: any backend keeps it.
    if (dp * cp > 1 && !KEEPS_ROUND_ROBIN.has(all2all)) {
      const warning = `Round-robin expert placement currently only supports the DeepEP low-latency or NIXL EP backend, but '${all2all}' was configured. Falling back to linear expert placement.`;
      return { strategy: 'linear', warnings: [warning] };
    }
    return { strategy, warnings: [] };
  },
  linear: firstGetMore,
  dealsBlocks,
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
      ? [
          `${uneven.experts} experts do not divide by ${ep}: the last rank holds the remainder, and the other ranks hold equal blocks.`,
        ]
      : [];
  },
};
