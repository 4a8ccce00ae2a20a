import { degree } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { restToLast } from '../../ranks/stages.ts';
import type { PlacementRules } from '../../ranks/types.ts';

/** Expert-parallel ranks alone, for placements that no program's mesh belongs to. */
const FLAT = {
  redundant: true,
  // Nothing is loaded: each layer is dealt by itself.
  countsByLayer: true,
  loading: 'none',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: 'pp', fsdp: null, tp: null },
  inputs: { pp: 'Pipeline', dp: 'Data' },
  inferred: [],
  sizes: (options) => ({
    dp: degree(options, 'dp'),
    cp: 1,
    tp: 1,
    pp: degree(options, 'pp'),
    ep: degree(options, 'ep'),
    etp: 1,
  }),
  mesh: ({ dp, pp, ep }) => meshOf([[axis('pp', pp), axis('dp', dp), axis('ep', ep)]]),
  limit: () => null,
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
} as const satisfies Partial<PlacementRules>;

/** DeepSeek's expert-parallel load balancer: experts packed by load, the hottest repeated. */
export const eplbPlacement: PlacementRules = {
  ...FLAT,
  version: 'd52c72d',
  source: 'deepseek-ai/EPLB, eplb.py',
  date: '2026-11-22',
  strategies: ['hierarchical', 'global'],
};

/** A map of one's own. */
export const mapPlacement: PlacementRules = {
  ...FLAT,
  version: '',
  source: 'the map itself',
  date: '2026-11-22',
  strategies: ['custom'],
};
