import { axis, meshOf } from '../mesh.ts';
import { restToLast } from '../stages.ts';
import type { Framework, PlacementOptions } from '../types.ts';
import { degree } from './deal.ts';

/** Expert-parallel ranks alone, for placements that no framework's mesh belongs to. */
function flatMesh(options: PlacementOptions) {
  return meshOf([
    [axis('pp', degree(options, 'pp')), axis('dp', degree(options, 'dp')), axis('ep', degree(options, 'ep'))],
  ]);
}

const FLAT = {
  redundant: true,
  loading: 'none',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: 'pp', fsdp: null, tp: null },
  mesh: flatMesh,
  limit: () => null,
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: restToLast,
} as const satisfies Partial<Framework>;

/** DeepSeek's expert-parallel load balancer: experts packed by load, the hottest repeated. */
export const eplb: Framework = {
  ...FLAT,
  id: 'eplb',
  title: 'EPLB',
  version: 'd52c72d',
  strategies: ['hierarchical', 'global'],
};

/** A map of one's own. */
export const custom: Framework = {
  ...FLAT,
  id: 'custom',
  title: 'A map of your own',
  version: '',
  strategies: ['custom'],
};
