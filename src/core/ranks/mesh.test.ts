import { describe, expect, it } from 'vitest';
import { rankModelOfConfig } from './config-model.ts';
import { factsOf, placed } from './facts.fixture.ts';
import { axis, coordsOf, meshInRuns, meshOf, placeRanks } from './mesh.ts';
import { planPlacement } from './placement.ts';
import { readSettings } from './settings.ts';
import { summarize } from './summary.ts';
import type { PlacementRules, PlacingProgram } from './types.ts';

const CUTS = { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: null, fsdp: null, tp: null };

/** A program of two expert-parallel ranks that stand behind two others of the same world. */
const placement: PlacementRules = {
  version: '1',
  source: 'a test',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-to-all',
  cuts: CUTS,
  inputs: {},
  settings: {
    offset: { kind: 'count', title: 'First rank' },
    first_rank: { kind: 'count', as: 'offset', title: 'First rank' },
  },
  inferred: [],
  sizes: () => ({ dp: 1, cp: 1, tp: 1, pp: 1, ep: 2, etp: 1 }),
  mesh: ({ ep }, { own }) => meshInRuns(meshOf([[axis('ep', ep)]]), 5, [Number(own?.offset ?? 0)]),
  limit: () => null,
  densePlan: () => ({ kind: 'replicated', column: [], row: [], repeatsKv: false }),
  stages: (layers, _, { own }) => [own?.offset === 3 ? layers : layers - 1],
};
const program: PlacingProgram = { id: 'a-test', title: 'A test', placement };

describe('a mesh in runs', () => {
  const mesh = meshInRuns(meshOf([[axis('dp', 2), axis('ep', 2)]]), 11, [1, 6]);

  it('numbers each run from its first rank, and no rank outside', () => {
    expect(mesh.world).toBe(11);
    expect(Array.from({ length: 11 }, (_, rank) => coordsOf(mesh, rank))).toEqual([
      {},
      { dp: 0, ep: 0 },
      { dp: 0, ep: 1 },
      { dp: 1, ep: 0 },
      { dp: 1, ep: 1 },
      {},
      { dp: 0, ep: 0 },
      { dp: 0, ep: 1 },
      { dp: 1, ep: 0 },
      { dp: 1, ep: 1 },
      {},
    ]);
    expect(placeRanks(mesh, CUTS).map(({ ep }) => ep)).toEqual([-1, 0, 1, 0, 1, -1, 0, 1, 0, 1, -1]);
  });

  it('gives ranks outside neither experts nor bytes, and lists only the others', () => {
    const config = {
      model_type: 'qwen3_moe',
      hidden_size: 8,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      num_key_value_heads: 2,
      intermediate_size: 8,
      moe_intermediate_size: 8,
      num_experts: 4,
      num_experts_per_tok: 2,
      vocab_size: 8,
    };
    const { ranks, mesh: summed } = summarize(program, rankModelOfConfig(config), { own: { offset: 3 } });
    expect(summed?.world).toBe(5);
    expect(ranks.map(({ rank, slots, bytes }) => [rank, slots, bytes > 0])).toEqual([
      [3, [0, 1], true],
      [4, [2, 3], true],
    ]);
    const placement = placed(planPlacement(program, { own: { offset: 3 } }, factsOf(4)));
    expect(placement.ranks.map(({ ep }) => ep)).toEqual([-1, -1, -1, 0, 1]);
  });
});

describe('a program’s own options', () => {
  it('reach its mesh and its stages', () => {
    const at = (offset: number) => placed(planPlacement(program, { own: { offset } }, factsOf(4, { layers: 6 })));
    expect(at(3).stages).toEqual([6]);
    expect(at(1).stages).toEqual([5]);
    expect(at(1).mesh.runs?.starts).toEqual([1]);
  });

  it('may be spelled in two ways, but given once', () => {
    expect(readSettings(program, ['first_rank=2'])).toEqual({ options: { own: { offset: 2 } }, model: {} });
    expect(readSettings(program, ['first_rank=2', 'offset=2'])).toEqual({ error: 'offset is set twice.' });
  });
});
