import { degree, fitInto } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { restToLastOnes } from '../../ranks/stages.ts';
import type { PlacementRules } from '../../ranks/types.ts';
import { placementFile } from './placement-file.ts';

/** SGLang: expert parallelism inside tensor parallelism, what is left of it cuts the experts themselves. */
export const placement: PlacementRules = {
  version: 'expert_location.py at 01fec5c, fused_moe_triton/layer.py at 008d7d0',
  source: 'sgl-project/sglang, python/sglang/srt',
  date: '2026-11-22',
  strategies: ['linear', 'hierarchical', 'global', 'custom'],
  redundant: true,
  loading: 'everything',
  exchange: 'all-reduce',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: 'moe_tp', pp: 'pp', fsdp: null, tp: 'tp' },
  inputs: { tp: 'Tensor', pp: 'Pipeline', dp: 'Data, inside attention,' },
  inferred: ['tp'],
  sizes(options) {
    const [pp, ep] = [degree(options, 'pp'), degree(options, 'ep')];
    const tp = degree(options, 'tp', options.world === undefined ? ep : fitInto(options.world, pp));
    if (degree(options, 'cp') > 1)
      return { error: 'SGLang has no context parallelism beside expert parallelism here.' };
    const dp = degree(options, 'dp');
    if (tp % dp !== 0) return { error: 'assert self.tp_size % self.dp_size == 0' };
    if (tp % ep !== 0) return { error: `SGLang’s --ep-size (${ep}) must divide --tp-size (${tp}).` };
    // --enable-dp-attention, which a --dp-size of 1 switches off: it shares out attention and moves no expert.
    return { dp, cp: 1, tp, attnTp: dp > 1 ? tp / dp : undefined, pp, ep, etp: tp / ep };
  },
  mesh: ({ tp, pp, ep, etp }) =>
    meshOf([
      [axis('pp', pp), axis('tp', tp)],
      [axis('pp', pp), axis('ep', ep), axis('moe_tp', etp)],
    ]),
  limit({ options, sizes: { tp, attnTp = tp, ep, etp }, facts }) {
    const { redundant = 0 } = options;
    if (facts.moeLayers.some((layer) => (layer.experts + redundant) % ep !== 0))
      return 'assert num_physical_experts % ep_size == 0';
    if (facts.heads !== null && facts.heads % attnTp !== 0) return 'assert self.total_num_heads % attn_tp_size == 0';
    if (facts.kvHeads !== null && facts.kvHeads % attnTp !== 0 && attnTp % facts.kvHeads !== 0)
      return facts.kvHeads < attnTp
        ? 'assert attn_tp_size % self.total_num_kv_heads == 0'
        : 'assert self.total_num_kv_heads % attn_tp_size == 0';
    if (facts.intermediate !== null && facts.intermediate % etp !== 0)
      return 'assert intermediate_size % self.moe_tp_size == 0';
    return null;
  },
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: true }),
  stages: restToLastOnes,
  placementFile,
  loadingWarnings: () => ['SGLang reads every tensor on every rank and keeps its own.'],
};
