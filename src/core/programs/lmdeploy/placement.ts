import { ceilBlocks, degree } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { cutBlock, cutSentence } from '../../ranks/quant-cut.ts';
import type { PlacementError, PlacementOptions, PlacementRules, Sizes } from '../../ranks/types.ts';

/** `DistConfig.__post_init__`: the world is expert parallelism where there is any, else tensor parallelism. */
function sizesOf(options: PlacementOptions): Sizes | PlacementError {
  const [dp, ep] = [degree(options, 'dp'), degree(options, 'ep')];
  const tp = degree(options, 'tp', ep > 1 ? 1 : (options.world ?? 1));
  if (degree(options, 'pp') > 1 || degree(options, 'cp') > 1)
    return { error: 'LMDeploy supports no pipeline or context parallelism with expert parallelism here.' };
  const etp = ep > 1 ? 1 : tp;
  const world = ep > 1 ? ep : tp;
  const divides = (size: number) => world >= size && world % size === 0;
  if (!divides(dp)) return { error: `world_size ${world}, dp ${dp}` };
  if (!divides(tp)) return { error: `world_size ${world}, mlp_tp ${tp}` };
  const attnTp = world / dp;
  if (tp > 1 && tp % attnTp !== 0) return { error: `mlp_tp ${tp}, attn_tp ${attnTp}` };
  return { dp, cp: 1, tp, pp: 1, ep, etp, ...(attnTp === tp ? {} : { attnTp }) };
}

/** LMDeploy's PyTorch engine: attention over world ÷ dp ranks, experts in blocks of ⌈E ÷ ep⌉. */
export const placement: PlacementRules = {
  version: '1263d5c',
  source: 'InternLM/lmdeploy, lmdeploy/pytorch/config.py (DistConfig), distributed.py and backends/cuda/moe/default.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-to-all',
  cuts: {
    ep: 'ep',
    inner: null,
    innerRowsWhenFew: false,
    etp: 'moe_tp',
    pp: null,
    fsdp: null,
    tp: 'tp',
    attn: 'attn_tp',
  },
  inputs: { tp: 'Tensor', dp: 'Data, of attention' },
  inferred: ['tp'],
  sizes: sizesOf,
  mesh({ dp, tp, ep, etp, attnTp = tp }) {
    const world = Math.max(ep, tp);
    const dense = [axis('dp', dp), axis('attn_tp', attnTp)];
    return meshOf([dense, [axis('ep', ep), axis('moe_tp', etp)], [axis('mlp_dp', world / tp), axis('tp', tp)]]);
  },
  limit({ facts, sizes: { tp, etp, attnTp = tp } }) {
    const { heads, intermediate } = facts;
    if (heads !== null && heads % attnTp !== 0)
      return `${heads} attention heads do not divide by LMDeploy’s attn_tp ${attnTp}.`;
    if (intermediate !== null && intermediate % etp !== 0)
      return `The experts’ intermediate size ${intermediate} does not divide by LMDeploy’s moe_tp ${etp}.`;
    const cut = cutBlock(facts, etp);
    return cut ? `${cutSentence(cut, etp)} With --ep experts stay whole.` : null;
  },
  linear: ceilBlocks,
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: true }),
  stages: (layers) => [layers],
  warnings({ facts, sizes: { ep } }) {
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    if (!uneven) return [];
    const empty = ceilBlocks(uneven.experts, ep).filter((block) => block.length === 0).length;
    const said = `${uneven.experts} experts do not divide by ${ep}: ranks have blocks of ${Math.ceil(uneven.experts / ep)}, the last ones less`;
    return [empty > 0 ? `${said}, and ${empty} of them none.` : `${said}.`];
  },
  loadingWarnings: () => ['LMDeploy reads every tensor on every rank, and each rank keeps its part.'],
};
