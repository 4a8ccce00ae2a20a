import { axis, axisSize, meshOf } from '../mesh.ts';
import { restToLastOnes } from '../stages.ts';
import type { Framework } from '../types.ts';
import { degree } from './deal.ts';

/** SGLang: expert parallelism inside tensor parallelism, what is left of it cuts the experts themselves. */
export const sglang: Framework = {
  id: 'sglang',
  title: 'SGLang',
  version: 'expert_location.py at 01fec5c, fused_moe_triton/layer.py at 008d7d0',
  strategies: ['linear', 'hierarchical', 'global', 'custom'],
  redundant: true,
  loading: 'everything',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: 'moe_tp', pp: 'pp', fsdp: null, tp: 'tp' },
  mesh(options) {
    const [pp, ep] = [degree(options, 'pp'), degree(options, 'ep')];
    const tp = degree(options, 'tp', ep);
    if (degree(options, 'cp') > 1)
      return { error: 'SGLang has no context parallelism beside expert parallelism here.' };
    if (degree(options, 'dp') > 1)
      return {
        error: 'SGLang’s data parallelism divides the attention of the tensor-parallel ranks; leave dp at 1 here.',
      };
    if (tp % ep !== 0) return { error: `SGLang’s --ep-size (${ep}) must divide --tp-size (${tp}).` };
    return meshOf([
      [axis('pp', pp), axis('tp', tp)],
      [axis('pp', pp), axis('ep', ep), axis('moe_tp', tp / ep)],
    ]);
  },
  limit(options, facts, mesh) {
    const { redundant = 0 } = options;
    const [tp, ep, moeTp] = [axisSize(mesh, 'tp'), axisSize(mesh, 'ep'), axisSize(mesh, 'moe_tp')];
    if (facts.moeLayers.some((layer) => (layer.experts + redundant) % ep !== 0))
      return 'assert num_physical_experts % ep_size == 0';
    if (facts.heads !== null && facts.heads % tp !== 0) return 'assert self.total_num_heads % attn_tp_size == 0';
    if (facts.kvHeads !== null && facts.kvHeads % tp !== 0 && tp % facts.kvHeads !== 0)
      return facts.kvHeads < tp
        ? 'assert attn_tp_size % self.total_num_kv_heads == 0'
        : 'assert self.total_num_kv_heads % attn_tp_size == 0';
    if (facts.intermediate !== null && facts.intermediate % moeTp !== 0)
      return 'assert intermediate_size % self.moe_tp_size == 0';
    return null;
  },
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: true }),
  stages: restToLastOnes,
};
