import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { planPlacement } from '../../ranks/placement.ts';
import { readSettings } from '../../ranks/settings.ts';
import { sglang } from './program.ts';

const plan = (...entries: string[]) => {
  const read = readSettings(sglang, entries);
  if ('error' in read) return read;
  return planPlacement(sglang, read.options, factsOf(16, { heads: 16, kvHeads: 4, intermediate: 768 }));
};

describe('SGLang', () => {
  it.each(['deepep', 'deepep_v2', 'mooncake', 'nixl', 'mori', 'ascend_fuseep', 'flashinfer_megamoe', 'megamoe'])(
    'raises expert to tensor parallelism under %s, and says so',
    (backend) => {
      const placement = placed(plan('tp_size=8', 'ep_size=2', `moe_a2a_backend=${backend}`));
      expect(placement.sizes).toMatchObject({ tp: 8, ep: 8, etp: 1 });
      expect(placement.warnings[0]).toBe(
        `${backend} MoE is enabled. The expert parallel size is adjusted from 2 to the tensor parallel size [8].`,
      );
    },
  );

  it('leaves it under none', () => {
    const placement = placed(plan('tp_size=8', 'ep_size=2', 'moe_a2a_backend=none'));
    expect([placement.sizes.ep, placement.warnings]).toEqual([2, []]);
  });

  it.each([
    [['tp=8', 'dp=3'], 'assert tp_size % dp_size == 0'],
    [['tp=8', 'attn_cp_size=3'], 'tp_size must be divisible by attn_cp_size'],
    [['tp=8', 'dp=4', 'attn_cp_size=4'], 'tp_size must be divisible by dp_size * attn_cp_size'],
    [['tp=8', 'moe_dp_size=3'], 'tp_size must be divisible by attn_cp_size'],
    [['tp=8', 'ep=8', 'moe_dp_size=2'], 'ep_size * moe_dp_size must be less than or equal to tp_size'],
    [['tp=8', 'ep=2', 'moe_dp_size=2'], 'ep_size * moe_dp_size must be equal to tp_size'],
    [['tp=8', 'pp=2', 'moe_dp_size=2'], 'PP is not supported with context parallelism'],
    [
      ['tp=8', 'moe_dp_size=2', 'attn_cp_size=4'],
      'attn_cp_size != moe_dp_size is only supported when moe_dp_size == 1',
    ],
    [
      ['tp=8', 'moe_a2a_backend=flashinfer'],
      'Flashinfer MoE A2A is only supported with dp_size == tp_size and --enable-dp-attention',
    ],
    [
      ['tp=8', 'moe_a2a_backend=pplx'],
      "moe_a2a_backend='pplx' requires --enable-dp-attention with at least 2 DP groups",
    ],
    [['tp=8', 'enable_eplb=true'], 'assert self.ep_size > 1'],
    [['tp=8', 'ep=3'], 'tp_size 8 must be divisible by ep_size 3'],
    [['tp=32', 'ep=32'], 'assert num_physical_experts % ep_size == 0'],
  ])('refuses %j', (entries, error) => {
    expect(plan(...entries)).toEqual({ error });
  });

  it('cuts attention by its own ranks under DP attention', () => {
    const placement = placed(plan('tp=8', 'dp=4'));
    expect(placement.ranks.map(({ attn }) => [attn.index, attn.of])).toEqual(
      Array.from({ length: 8 }, (_, rank) => [rank % 2, 2]),
    );
    expect(placement.ranks.map(({ tp }) => tp.of)).toEqual(Array(8).fill(8));
  });
});
