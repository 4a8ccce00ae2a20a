import { describe, expect, it } from 'vitest';
import { detectLayout } from '../layouts/detect.ts';
import { FRAMEWORKS, isFrameworkId, planPlacement, ranksOf, refusalOf } from '../programs/placing.ts';
import { denseEntries, planOf5 } from '../programs/transformers/ep-plans.ts';
import { planOf457 } from '../programs/transformers-4/ep-plan.ts';
import { ARCHITECTURES, openFixture } from '../testing.fixture.ts';
import { communicationOf } from './communication.ts';
import { factsOf, placed } from './facts.fixture.ts';
import { parseLoads, parseSlotMap } from './input-files.ts';
import { coordsOf, meshOf } from './mesh.ts';
import { divisorsOfExperts, firstHolders, holdersOf } from './placement.ts';
import {
  endsCountAsLayers,
  equalStages,
  restBeforeLast,
  restToFirstOnes,
  restToLast,
  restToLastOnes,
} from './stages.ts';
import { rankModel } from './summary.ts';

describe('communication of Qwen3-235B-A22B, bytes a token and layer', () => {
  it.each([
    [2, 1.994, 32768, 8167, 4211, 8192],
    [4, 3.629, 49152, 22297, 11497, 12288],
    [8, 5.339, 57344, 38273, 19734, 14336],
    [16, 6.597, 61440, 50661, 26122, 15360],
    [32, 7.359, 63488, 58404, 30115, 15872],
    [64, 7.78, 64512, 62734, 32347, 16128],
    [128, 8, 65024, 65024, 33528, 16256],
  ])('EP %i', (ranks, distinct, naive, deduplicated, fp8, allReduce) => {
    const got = communicationOf({ ranks, experts: 128, topK: 8, hidden: 4096 });
    expect(got.distinctRanks).toBeCloseTo(distinct, 3);
    expect(got.naive).toBe(naive);
    expect(Math.round(got.deduplicated)).toBe(deduplicated);
    expect(Math.round(got.deduplicatedFp8)).toBe(fp8);
    expect(got.allReduce).toBe(allReduce);
    expect(got.allGather).toBe((ranks - 1) * 8192);
  });

  it('is none on one rank', () => {
    expect(communicationOf({ ranks: 1, experts: 8, topK: 2, hidden: 64 })).toMatchObject({
      naive: 0,
      deduplicated: 0,
      allReduce: 0,
      distinctRanks: 1,
    });
    for (const framework of FRAMEWORKS) expect(framework.placement.exchange).toMatch(/^all-/);
  });
});

describe('the JSON of `moe-loom ranks`', () => {
  it('has its keys and no others', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const summary = ranksOf(checkpoint, detectLayout(checkpoint), { framework: 'transformers-5', ep: 2 });
    expect(Object.keys(summary)).toEqual(['framework', 'mesh', 'error', 'loading', 'ranks', 'warnings']);
    expect(summary.ranks.map((rank) => Object.keys(rank))).toEqual(
      Array(2).fill(['rank', 'coords', 'experts', 'layers', 'slots', 'slice', 'bytes', 'read', 'reads']),
    );
    expect(summary.ranks[1]).toMatchObject({
      rank: 1,
      coords: { pp: 0, fsdp: 0, tp: 1, ep: 1 },
      experts: [[6, 12]],
      layers: null,
    });
    for (const { bytes, reads } of summary.ranks) expect(reads.reduce((sum, read) => sum + read.length, 0)).toBe(bytes);
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  });

  it('gives refusals their message, and what is near and works', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    expect(ranksOf(checkpoint, detectLayout(checkpoint), { framework: 'transformers-5', ep: 5 })).toEqual({
      framework: 'transformers-5',
      mesh: null,
      error: 'Cannot evenly shard 12 experts across 5 expert-parallel ranks.',
      ranks: [],
      warnings: [],
      near: [{ ep: 6 }, { ep: 4 }, { ep: 3 }, { ep: 12 }],
    });
  });

  it('lists layers only where they differ', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const map = [
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const summary = ranksOf(checkpoint, detectLayout(checkpoint), { framework: 'custom', ep: 3, map });
    expect(summary.ranks[0]?.layers).toEqual({ 'model.layers.0.mlp': [[0, 4]], 'model.layers.2.mlp': [[8, 12]] });
    expect(summary.ranks[0]?.experts).toEqual([
      [0, 4],
      [8, 12],
    ]);
  });

  it('says that fusing turns vLLM’s filter off, and only then', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const layout = detectLayout(checkpoint);
    const warnings = (to?: 'gate-up') =>
      ranksOf(checkpoint, layout, { framework: 'vllm', ep: 2, to }).warnings.join('\n');
    expect(warnings('gate-up')).toMatch(/vLLM’s --enable-ep-weight-filter does not work with fused experts/);
    expect(warnings()).not.toMatch(/fused/);
    expect(warnings()).toMatch(/unless --enable-ep-weight-filter is set/);
  });

  it('says what transformers 5 would do with stacked experts', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const summary = ranksOf(checkpoint, detectLayout(checkpoint), {
      framework: 'transformers-5',
      ep: 2,
      to: 'stacked',
    });
    expect(summary.warnings.join('\n')).toMatch(/random values/);
  });

  it.each(ARCHITECTURES)('every framework answers for %s', async (architecture) => {
    const model = rankModel((await openFixture(architecture)).checkpoint);
    expect(model.tensorIndex.unknown).toBe(0);
    const bytes = model.tensorIndex.tensors.reduce((sum, tensor) => sum + tensor.end - tensor.start, 0);
    for (const { id } of FRAMEWORKS.filter((framework) => !['eplb', 'custom', 'deepspeed'].includes(framework.id))) {
      const one = ranksOf(model.checkpoint, model.layout, { framework: id, ep: 1 });
      expect(one.error, id).toBeNull();
      expect(one.ranks.map((rank) => rank.bytes)).toEqual([bytes]);
      const two = ranksOf(model.checkpoint, model.layout, { framework: id, ep: 2 });
      expect(two.error === null ? two.ranks.length : two.error, id).toEqual(
        two.error === null ? 2 : expect.stringContaining('does not define an expert-parallel plan'),
      );
    }
  });
});

describe('placement helpers', () => {
  it('who holds an expert, and whom a cell is coloured by', () => {
    const placement = placed(planPlacement({ framework: 'vllm', ep: 4, redundant: 4 }, factsOf(8, { moe: 2 })));
    const [layer] = placement.layers;
    if (!layer) throw new Error('no layer');
    expect(layer.slots).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 0],
      [1, 2, 3],
    ]);
    expect(holdersOf(placement, layer, 1)).toEqual([0, 3]);
    expect(holdersOf(placement, layer, 7)).toEqual([2]);
    const { width, holders, twins } = firstHolders(placement);
    expect(width).toBe(8);
    expect([...holders]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 0, 1, 1, 1, 2, 2]);
    expect([...twins]).toEqual([0, 1, 2, 3]);
    expect(divisorsOfExperts(factsOf(60))).toEqual([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]);
  });

  it('colours a cell by a rank that holds it, also where data parallelism shares a block or stages part layers', () => {
    for (const options of [
      { framework: 'torchtitan', ep: 4, dp: 8 },
      { framework: 'torchtitan', ep: 4, dp: 16 },
      { framework: 'megatron-core', ep: 2, pp: 2, dp: 4 },
      { framework: 'transformers-5', ep: 2, dp: 2 },
    ] as const) {
      const placement = placed(planPlacement(options, factsOf(8, { moe: 4 })));
      const { width, holders, twins } = firstHolders(placement);
      for (const [row, layer] of placement.layers.entries()) {
        for (let expert = 0; expert < layer.experts; expert++) {
          const ranks = holdersOf(placement, layer, expert);
          expect(holders[row * width + expert]).toBe(ranks[0]);
          expect([...new Set(ranks.map((rank) => twins[rank]))]).toEqual([ranks[0]]);
        }
      }
    }
  });

  it('refuses what is no degree, no strategy of the framework, or no checkpoint with experts', () => {
    const error = (options: Parameters<typeof planPlacement>[0], facts = factsOf(8)) => {
      const placement = planPlacement(options, facts);
      const message = 'error' in placement ? placement.error : null;
      expect(refusalOf(options, facts)).toBe(message);
      return message;
    };
    expect(error({ framework: 'custom', ep: 2, map: [[0, 1, 2, 3, 4, 5, 6, 7]] })).toBeNull();
    expect(error({ framework: 'vllm', ep: 0 })).toBe('ep must be a whole number from 1, not 0.');
    expect(error({ framework: 'torchtitan', ep: 2, strategy: 'round-robin' })).toMatch(
      /does not support the placement round-robin/,
    );
    expect(error({ framework: 'torchtitan', ep: 2, redundant: 2 })).toBe(
      'torchtitan does not support redundant experts.',
    );
    expect(error({ framework: 'vllm', ep: 2 }, factsOf(8, { moe: 0 }))).toMatch(/no routed experts/);
    expect(error({ framework: 'vllm', ep: 8, tp: 3 })).toMatch(/2 × 1 × 3 is not 8/);
    expect(error({ framework: 'custom', ep: 2, map: [[0, 1, 2, 3, 4, 5, 6, 6]] })).toMatch(
      /not place expert 7 of .* on any rank/,
    );
    expect(error({ framework: 'custom', ep: 3, map: [[0, 1, 2, 3, 4, 5, 6, 7]] })).toMatch(/not divisible by 3 ranks/);
    expect(error({ framework: 'deepspeed-moe', ep: 2, dp: 20_000 })).toMatch(/At most 16,384 are supported/);
    expect(isFrameworkId('nonsense')).toBe(false);
  });

  it('numbers ranks row by row in every grid', () => {
    const mesh = meshOf([
      [
        { name: 'a', size: 2 },
        { name: 'b', size: 3 },
      ],
    ]);
    expect([0, 1, 3, 5].map((rank) => coordsOf(mesh, rank))).toEqual([
      { a: 0, b: 0 },
      { a: 0, b: 1 },
      { a: 1, b: 0 },
      { a: 1, b: 2 },
    ]);
  });

  it('divides layers over stages as each framework does', () => {
    expect(restToLast(32, 3)).toEqual([10, 10, 12]);
    expect(restToFirstOnes(32, 3)).toEqual([11, 11, 10]);
    expect(restToLastOnes(32, 3)).toEqual([10, 11, 11]);
    expect(restBeforeLast(32, 3)).toEqual([11, 11, 10]);
    expect(restBeforeLast(94, 4)).toEqual([23, 24, 24, 23]);
    expect(endsCountAsLayers(94, 16)).toEqual([5, ...Array(14).fill(6), 5]);
    expect(equalStages(96, 16)).toEqual(Array(16).fill(6));
  });
});

describe('expert-parallel plans', () => {
  it('are those of the architecture', () => {
    expect(planOf5('qwen3_moe')?.map(({ name, style }) => ({ name, style }))).toEqual([
      { name: 'mlp.gate', style: 'ep_router' },
      { name: 'mlp.experts.gate_up_proj', style: 'grouped_gemm' },
      { name: 'mlp.experts.down_proj', style: 'grouped_gemm' },
      { name: 'mlp.experts', style: 'moe_tp_experts' },
    ]);
    expect(planOf5('gpt_oss')?.map((entry) => entry.name)).toContain('mlp.experts.gate_up_proj_bias');
    expect(denseEntries(planOf5('llama4_text') ?? [])).toEqual({
      column: [
        'self_attn.q_proj',
        'self_attn.k_proj',
        'self_attn.v_proj',
        'feed_forward.gate_proj',
        'feed_forward.up_proj',
      ],
      row: ['self_attn.o_proj', 'feed_forward.down_proj'],
    });
    expect([planOf5('jamba'), planOf5('granitemoe'), planOf5(null)]).toEqual([null, null, null]);
    expect(planOf457('qwen3_moe')).toMatchObject({ own: false });
    expect(planOf457('qwen3_moe').entries.at(-1)).toMatchObject({ name: 'mlp.experts', style: 'gather' });
    for (const { meaning } of planOf457('llama4_text').entries) expect(meaning).toMatch(/\.$/);
  });
});

describe('loads and maps from files', () => {
  it('reads a matrix, with or without a header, and pairs', () => {
    expect(parseLoads('1,2,3\n4,5,6\n')).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(parseLoads('e0;e1\r\n1;2\r\n')).toEqual([[1, 2]]);
    expect(parseLoads('layer,expert,tokens\n3,0,5\n3,2,7\n4,0,1\n')).toEqual([[5, 0, 7], [1]]);
    for (const text of ['', 'a,b', '1,x', '1,-2']) expect(() => parseLoads(text)).toThrow(/loads/);
  });

  it('reads SGLang’s map, bare rows, one row, and vLLM’s', () => {
    expect(parseSlotMap('{"physical_to_logical_map": [[0,1],[1,0]]}')).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(parseSlotMap('[[1,0]]')).toEqual([[1, 0]]);
    expect(parseSlotMap('[1,0]')).toEqual([[1, 0]]);
    expect(parseSlotMap('{"expert_to_ep_rank": [1,0,1,0]}')).toEqual([[1, 3, 0, 2]]);
    for (const text of ['nonsense', '{}', '[]', '[["a"]]', '[[-1]]']) expect(() => parseSlotMap(text)).toThrow(/map/);
  });
});
