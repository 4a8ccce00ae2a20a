import { describe, expect, it } from 'vitest';
import { planPlacement } from '../programs/placing.ts';
import { factsOf, placed } from './facts.fixture.ts';
import { held } from './held-text.fixture.ts';
import { expertShare, intervals } from './placement.ts';

describe('folded and strided meshes', () => {
  it('vector 21: torchtitan cuts experts by EP first, then by FSDP', () => {
    const options = { framework: 'torchtitan', ep: 4, dp: 8 } as const;
    expect(held(options, factsOf(8))).toEqual(['0', '2', '4', '6', '1', '3', '5', '7']);
    expect(held({ framework: 'transformers-5', ep: 4, dp: 2 }, factsOf(8))).toEqual([
      '0',
      '2',
      '4',
      '6',
      '1',
      '3',
      '5',
      '7',
    ]);
  });

  it('vector 22: with fewer experts than ranks it cuts their rows', () => {
    const placement = placed(planPlacement({ framework: 'torchtitan', ep: 4, dp: 8 }, factsOf(4)));
    const [layer] = placement.layers;
    if (!layer) throw new Error('no layer');
    expect(placement.ranks.map((place) => expertShare(placement, place, layer))).toEqual(
      Array.from({ length: 8 }, (_, rank) => ({
        experts: [rank % 4],
        from: 0,
        rows: { index: Math.floor(rank / 4), of: 2 },
      })),
    );
  });

  it('vector 23: Megatron folds EP over TP and CP', () => {
    const options = { framework: 'megatron-core', tp: 4, cp: 2, pp: 16, ep: 8, etp: 1 } as const;
    const placement = placed(planPlacement(options, factsOf(128, { moe: 94, kvHeads: 4, heads: 64 })));
    expect(placement.mesh.world).toBe(128);
    expect(placement.stages).toEqual([5, ...Array(14).fill(6), 5]);
    const [layer] = placement.layers;
    if (!layer) throw new Error('no layer');
    for (const place of placement.ranks) {
      expect(place.ep).toBe(place.rank % 8);
      expect(place.stage.index).toBe(Math.floor(place.rank / 8));
      expect(intervals(expertShare(placement, place, layer).experts)).toEqual([
        [16 * (place.rank % 8), 16 * (place.rank % 8) + 16],
      ]);
    }
    expect(placement.ranks[7]?.coords).toMatchObject({ tp: 3, cp: 1, ep: 7, pp: 0 });
    expect(placement.ranks[8]?.coords).toMatchObject({ tp: 0, cp: 0, ep: 0, pp: 1 });
  });

  it('64 ranks with CP 8 and EP 64 are 64 ranks', () => {
    const placement = placed(planPlacement({ framework: 'torchtitan', ep: 64, cp: 8, dp: 8 }, factsOf(128)));
    expect(placement.mesh.world).toBe(64);
    expect(placement.ranks[13]?.coords).toMatchObject({ dp_shard: 1, cp: 5, ep: 13, efsdp: 0, fsdp: 13 });
  });

  it('numbers vLLM’s, SGLang’s and DeepSpeed’s ranks as they do', () => {
    const vllm = placed(planPlacement({ framework: 'vllm', dp: 2, pp: 2, tp: 2 }, factsOf(8, { moe: 4 })));
    expect(vllm.ranks[6]?.coords).toMatchObject({ dp: 1, pp: 1, tp: 0, ep: 2 });
    const sglang = placed(planPlacement({ framework: 'sglang', tp: 8, ep: 4 }, factsOf(8)));
    expect(sglang.ranks[5]?.coords).toMatchObject({ tp: 5, ep: 2, moe_tp: 1 });
    const deepspeed = placed(planPlacement({ framework: 'deepspeed-moe', ep: 2, dp: 8 }, factsOf(8)));
    expect(deepspeed.ranks[5]?.coords).toMatchObject({ ep: 1, edp: 2 });
  });
});

describe('vLLM without expert parallelism', () => {
  const model = (intermediate: number) => factsOf(8, { intermediate });

  it('has all ranks of a stage cut every expert', () => {
    const placement = placed(planPlacement({ framework: 'vllm', ep: 1, dp: 2, tp: 2 }, model(64)));
    expect(placement.ranks.map(({ ep, etp }) => [ep, etp])).toEqual([0, 1, 2, 3].map((index) => [0, { index, of: 4 }]));
  });

  it('is refused where the experts do not divide', () => {
    const refused = { error: 'assert intermediate_size % self.tp_size == 0' };
    expect(planPlacement({ framework: 'vllm', ep: 1, dp: 5 }, model(64))).toEqual(refused);
  });
});
