import { degree, fitInto } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { cutBlock, cutSentence } from '../../ranks/quant-cut.ts';
import { flagOf } from '../../ranks/settings.ts';
import { restToLastOnes } from '../../ranks/stages.ts';
import type { ModelFacts, PlacementOptions, PlacementRules, SetUp } from '../../ranks/types.ts';
import { dealsBlocks } from '../serving.ts';
import { placementFile } from './placement-file.ts';
import { attentionContext, BACKENDS, forcesEp, moeDp, settings } from './settings.ts';

/** Tensor parallelism as asked, or what the world or expert parallelism make of it. */
function tensorOf(options: PlacementOptions): number {
  const fitted = options.world === undefined ? degree(options, 'ep') : fitInto(options.world, degree(options, 'pp'));
  return degree(options, 'tp', fitted);
}

/** Asserts of context and data parallelism of attention, in the order of parallel_hook.py. */
function attentionLimit({ options, sizes: { tp, pp, ep, dp } }: SetUp): string | null {
  const [cp, copies] = [attentionContext(options), moeDp(options)];
  if (dp > 1 && tp % dp !== 0) return 'assert tp_size % dp_size == 0';
  if (cp > 1 && tp % cp !== 0) return 'tp_size must be divisible by attn_cp_size';
  if (cp > 1 && tp % (dp * cp) !== 0) return 'tp_size must be divisible by dp_size * attn_cp_size';
  if (copies > 1) {
    if (tp % copies !== 0) return 'tp_size must be divisible by moe_dp_size';
    if (ep * copies > tp) return 'ep_size * moe_dp_size must be less than or equal to tp_size';
    if (pp > 1) return 'PP is not supported with context parallelism';
    if (ep > 1 && ep * copies !== tp) return 'ep_size * moe_dp_size must be equal to tp_size';
  }
  return cp !== copies && copies !== 1 ? 'attn_cp_size != moe_dp_size is only supported when moe_dp_size == 1' : null;
}

function backendLimit({ options, sizes: { tp, dp } }: SetUp): string | null {
  const { all2all } = options;
  if (all2all === 'flashinfer' && dp !== tp)
    return 'Flashinfer MoE A2A is only supported with dp_size == tp_size and --enable-dp-attention';
  if (all2all === 'pplx' && dp < 2)
    return "moe_a2a_backend='pplx' requires --enable-dp-attention with at least 2 DP groups";
  return null;
}

/** Heads that attention's ranks cannot share. */
function headsLimit({ heads, kvHeads }: ModelFacts, attnTp: number): string | null {
  if (heads !== null && heads % attnTp !== 0) return 'assert self.total_num_heads % attn_tp_size == 0';
  if (kvHeads === null || kvHeads % attnTp === 0 || attnTp % kvHeads === 0) return null;
  return kvHeads < attnTp
    ? 'assert attn_tp_size % self.total_num_kv_heads == 0'
    : 'assert self.total_num_kv_heads % attn_tp_size == 0';
}

/** What cutting experts over ranks meets: widths that do not divide, and blocks of quantised weights. */
function intermediateLimit(facts: ModelFacts, { tp, ep, etp }: SetUp['sizes']): string | null {
  const { intermediate: size, blocks } = facts;
  const cure = 'Experts stay whole with --ep-size as large as --tp-size.';
  if (size !== null && size % etp !== 0)
    return blocks?.method === 'fp8'
      ? `moe_intermediate_size ${size} must be divisible by moe_tp_size (${etp}) which is tp_size (${tp}) divided by moe_ep_size (${ep}).`
      : 'assert intermediate_size % self.moe_tp_size == 0';
  const cut = cutBlock(facts, etp);
  if (cut === null || dealsBlocks(cut.blocks.method)) return null;
  if (cut.blocks.method !== 'fp8') return `${cutSentence(cut, etp)} ${cure}`;
  return `For quantized MoE models, please make sure (moe_intermediate_size=${size} / moe_tp_size=${etp}) % weight_block_size_n=${cut.blocks.rows} == 0 where moe_tp_size is equal to tp_size (${tp}) divided by ep_size (${ep}). You can fix this by setting arguments \`--tp\` and \`--ep\` correctly. ${cure}`;
}

/**
 * SGLang: expert parallelism inside tensor parallelism, what is left of it cuts the experts themselves.
 *
 * `dp` is data parallelism of attention (`--enable-dp-attention`), inside tensor parallelism too: it moves no experts.
 */
export const placement: PlacementRules = {
  version: '00ac7105 (parallel.py), 008b79d2 (parallel_hook.py), 003b6ade (moe_hook.py), 01fec5c (expert_location.py)',
  source:
    'sgl-project/sglang, python/sglang/srt/arg_groups, model_executor/model_runner.py and eplb/expert_location.py',
  date: '2026-11-29',
  strategies: ['linear', 'hierarchical', 'global', 'custom'],
  redundant: true,
  loading: 'everything',
  exchange: 'all-reduce',
  cuts: {
    ep: 'ep',
    inner: null,
    innerRowsWhenFew: false,
    etp: 'moe_tp',
    pp: 'pp',
    fsdp: null,
    tp: 'tp',
    attn: 'attn_tp',
  },
  inputs: { tp: 'Tensor', pp: 'Pipeline', dp: 'Data, of attention' },
  inferred: ['tp'],
  settings,
  resolve(options) {
    const { all2all } = options;
    if (all2all !== undefined && !(BACKENDS as readonly string[]).includes(all2all))
      return { error: `SGLang’s --moe-a2a-backend takes ${BACKENDS.join(', ')}; "${all2all}" is not one of them.` };
    const [tp, ep] = [tensorOf(options), degree(options, 'ep')];
    if (!forcesEp(all2all) || tp === ep) return { options, warnings: [] };
    const warning = `${all2all} MoE is enabled. The expert parallel size is adjusted from ${ep} to the tensor parallel size [${tp}].`;
    return { options: { ...options, tp, ep: tp }, warnings: [warning] };
  },
  sizes(options) {
    const [pp, ep, asked] = [degree(options, 'pp'), degree(options, 'ep'), degree(options, 'dp')];
    if (degree(options, 'cp') > 1)
      return { error: 'SGLang supports context parallelism only for attention. Use --set attn_cp_size=…' };
    if (asked > 1 && !flagOf(options, 'enable_dp_attention', true))
      return {
        error: `Without --enable-dp-attention --dp-size ${asked} is ${asked} separate engines. Give the sizes of one engine.`,
      };
    const tp = tensorOf(options);
    const copies = moeDp(options);
    if (tp % ep !== 0) return { error: `tp_size ${tp} must be divisible by ep_size ${ep}` };
    const etp = Math.max(Math.floor(tp / ep / copies), 1);
    const attnTp = tp / asked / attentionContext(options);
    return { dp: asked, cp: 1, tp, pp, ep, etp, ...(attnTp === tp ? {} : { attnTp }) };
  },
  mesh: ({ tp, pp, ep, etp, dp, attnTp }) =>
    meshOf([
      [axis('pp', pp), axis('tp', tp)],
      [axis('pp', pp), axis('moe_dp', Math.max(Math.floor(tp / ep / etp), 1)), axis('ep', ep), axis('moe_tp', etp)],
      // Sizes that do not divide are refused before a rank is placed.
      ...(attnTp === undefined
        ? []
        : [[axis('pp', pp), axis('dp', dp), axis('attn_cp', tp / dp / attnTp), axis('attn_tp', attnTp)]]),
    ]),
  limit(setUp) {
    const { options, facts, sizes } = setUp;
    const { tp, ep, attnTp = tp } = sizes;
    const { redundant = 0 } = options;
    const before = attentionLimit(setUp) ?? backendLimit(setUp);
    if (before) return before;
    if (flagOf(options, 'enable_eplb') && ep === 1) return 'assert self.ep_size > 1';
    if (facts.moeLayers.some((layer) => (layer.experts + redundant) % ep !== 0))
      return 'assert num_physical_experts % ep_size == 0';
    return headsLimit(facts, attnTp) ?? intermediateLimit(facts, sizes);
  },
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: true }),
  stages: restToLastOnes,
  dealsBlocks,
  warnings: ({ sizes: { dp, tp } }) =>
    dp > 1 ? [`Attention is whole on each of ${dp} groups of ${tp / dp}: --enable-dp-attention --dp-size ${dp}.`] : [],
  placementFile,
  loadingWarnings: () => ['SGLang reads every tensor on every rank, and each rank keeps its part.'],
};
