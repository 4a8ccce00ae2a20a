import { describe, expect, it } from 'vitest';
import type { ProgramId } from '../programs/all.ts';
import { planPlacement, type RankOptions, refusalOf } from '../programs/placing.ts';
import { fewestRedundant } from './deal.ts';
import { factsOf, placed } from './facts.fixture.ts';
import { held } from './held-text.fixture.ts';
import { imbalance } from './placement.ts';
import type { ModelFacts } from './types.ts';

const EVEN: readonly ProgramId[] = [
  'transformers-5',
  'transformers-4.57',
  'torchtitan',
  'megatron-core',
  'deepspeed-moe',
  'vllm',
  'vllm-before-21497',
  'sglang',
];

function refusal(options: RankOptions, facts: ModelFacts): string | null {
  const placement = planPlacement(options, facts);
  return 'error' in placement ? placement.error : null;
}

describe.each(EVEN)('contiguous blocks in %s', (framework) => {
  it.each([
    [1, 8, 2, ['0-3', '4-7']],
    [2, 8, 8, ['0', '1', '2', '3', '4', '5', '6', '7']],
    [24, 12, 1, ['0-11']],
  ] as const)('vector %i', (_vector, experts, ep, expected) => {
    expect(held({ framework, ep }, factsOf(experts))).toEqual(expected);
  });

  it('vectors 3, 4 and 5', () => {
    const facts = factsOf(128);
    const eight = held({ framework, ep: 8 }, facts);
    expect([eight[0], eight[3], eight[7]]).toEqual(['0-15', '48-63', '112-127']);
    expect(held({ framework, ep: 4 }, facts)[3]).toBe('96-127');
    expect(held({ framework, ep: 64 }, facts)).toEqual(
      Array.from({ length: 64 }, (_, rank) => `${2 * rank}-${2 * rank + 1}`),
    );
  });
});

describe('vLLM with experts that do not divide', () => {
  it.each([
    [6, 'vllm', 30, 8, '0-3 4-7 8-11 12-15 16-19 20-23 24-26 27-29'],
    [7, 'vllm-before-21497', 30, 8, '0-2 3-5 6-8 9-11 12-14 15-17 18-20 21-29'],
    [8, 'vllm', 128, 6, '0-21 22-43 44-64 65-85 86-106 107-127'],
    [9, 'vllm', 128, 7, '0-18 19-37 38-55 56-73 74-91 92-109 110-127'],
    [10, 'vllm', 256, 3, '0-85 86-170 171-255'],
    [11, 'vllm', 10, 4, '0-2 3-5 6-7 8-9'],
  ] as const)('vector %i', (_vector, framework, experts, ep, expected) => {
    expect(held({ framework, ep }, factsOf(experts))).toEqual(expected.split(' '));
  });

  it('is as uneven as it says', () => {
    const facts = factsOf(128);
    const over = (ep: number) => imbalance(placed(planPlacement({ framework: 'vllm', ep }, facts))).experts;
    expect(over(7).toFixed(4)).toBe('1.0391');
    expect(over(6).toFixed(4)).toBe('1.0313');
    expect(over(8)).toBe(1);
  });
});

describe('round-robin', () => {
  const grouped = (experts: number) => factsOf(experts, { expertGroups: 8 });
  const options = { framework: 'vllm', strategy: 'round-robin', all2all: 'deepep_low_latency' } as const;

  it('vectors 11 and 12', () => {
    expect(held({ ...options, ep: 4 }, grouped(10))).toEqual(['0,4,8', '1,5,9', '2,6', '3,7']);
    expect(held({ ...options, ep: 8 }, grouped(256))).toEqual(
      Array.from({ length: 8 }, (_, rank) => Array.from({ length: 32 }, (__, row) => rank + 8 * row).join(',')),
    );
  });

  it.each([
    [
      'no expert groups',
      {},
      factsOf(128),
      'Round-robin expert placement is only supported for models with multiple expert groups and no redundant experts. Falling back to linear expert placement.',
    ],
    [
      'one expert group',
      {},
      factsOf(128, { expertGroups: 1 }),
      'Round-robin expert placement is only supported for models with multiple expert groups and no redundant experts. Falling back to linear expert placement.',
    ],
    [
      'redundant experts',
      { redundant: 8 },
      grouped(128),
      'Round-robin expert placement is only supported for models with multiple expert groups and no redundant experts. Falling back to linear expert placement.',
    ],
    [
      'another backend',
      { all2all: 'pplx' },
      grouped(128),
      "Round-robin expert placement currently only supports the DeepEP low-latency or NIXL EP backend, but 'allgather_reducescatter' was configured. Falling back to linear expert placement.",
    ],
  ] as const)('falls back to linear with %s, and says so', (_name, extra, facts, message) => {
    const placement = placed(planPlacement({ ...options, ...extra, ep: 8 }, facts));
    expect(placement.strategy).toBe('linear');
    expect(placement.warnings).toContain(message);
    expect(placement.layers[0]?.slots[0]?.slice(0, 3)).toEqual([0, 1, 2]);
  });

  it.each([
    ['DeepEP low-latency', { dp: 8, all2all: 'deepep_low_latency' }],
    ['NIXL', { dp: 8, all2all: 'nixl_ep' }],
    ['any backend under tensor parallelism alone', { tp: 8, all2all: 'mori_high_throughput' }],
    ['no backend named under tensor parallelism alone', { tp: 8, all2all: undefined }],
  ] as const)('is kept with %s', (_name, extra) => {
    const placement = placed(planPlacement({ ...options, ...extra, ep: 8 }, grouped(128)));
    expect(placement.strategy).toBe('round-robin');
  });

  it('refuses a backend that vLLM does not know', () => {
    expect(refusal({ ...options, ep: 8, all2all: 'nccl' }, grouped(128))).toMatch(
      /takes allgather_reducescatter, .*"nccl"/,
    );
  });
});

describe('refusals, word for word (vector 13 and the other limits)', () => {
  it.each([
    ['transformers-5', {}, 'Cannot evenly shard 128 experts across 6 expert-parallel ranks.'],
    ['transformers-4.57', {}, 'Global number of experts must be divisible by number of devices: 128 % 6 != 0'],
    ['torchtitan', {}, 'layers.0.moe.num_experts (128) must be divisible by expert_parallel_degree (6).'],
    ['megatron-core', {}, 'Number of experts should be a multiple of expert model parallel_size.'],
    ['deepspeed-moe', {}, 'Number of experts (128) should be divisible by expert parallel size (6)'],
    ['sglang', {}, 'assert num_physical_experts % ep_size == 0'],
    [
      'vllm',
      { redundant: 1 },
      'EPLB currently only supports even distribution of experts across ranks. Got 129 experts and 6 EP ranks.',
    ],
  ] as const)('%s', (framework, extra, message) => {
    expect(refusal({ framework, ep: 6, ...extra }, factsOf(128))).toBe(message);
  });

  it.each([
    ['transformers-5', { ep: 8, cp: 2 }, "DistributedConfig.__init__() got an unexpected keyword argument 'cp_size'"],
    [
      'transformers-4.57',
      { ep: 8, pp: 2 },
      "DistributedConfig.__init__() got an unexpected keyword argument 'pp_size'",
    ],
    [
      'transformers-5',
      { ep: 8, dp: 2, pp: 2 },
      'Combining FSDP with pipeline parallelism is not supported yet. Use DistributedConfig(tp_size=N, fsdp_size=M), or combine TP and PP.',
    ],
    ['torchtitan', { ep: 64, dp: 4, cp: 4 }, 'expert_parallel_degree (64) must divide dp_shard * cp * tp (16)'],
    ['torchtitan', { ep: 8, tp: 8 }, 'tensor_parallel_degree (8) must divide n_kv_heads (4).'],
    [
      'megatron-core',
      { ep: 8, tp: 1, pp: 1, dp: 4 },
      'world_size (4) is not divisible by expert_tensor_model_pipeline_parallel size (8)',
    ],
    [
      'megatron-core',
      { ep: 8, tp: 8, etp: 1 },
      'num_query_groups (4) must be a multiple of tensor_model_parallel_size (8).',
    ],
    ['megatron-core', { ep: 2, tp: 1, etp: 5 }, '1536 is not divisible by 5'],
    ['megatron-core', { ep: 8, pp: 5 }, 'Number of layers should be divisible by the pipeline-model-parallel size'],
    ['vllm', { ep: 3, tp: 3 }, 'Total number of attention heads (64) must be divisible by tensor parallel size (3).'],
    ['sglang', { ep: 1, tp: 5 }, 'assert self.total_num_heads % attn_tp_size == 0'],
    ['deepspeed-moe', { ep: 8, dp: 12 }, '12 is not divisible by 8'],
  ] as const)('%s with %o', (framework, degrees, message) => {
    const facts = factsOf(128, { heads: 64, kvHeads: 4, headDim: 128, intermediate: 1536, layers: 94 });
    expect(refusal({ framework, ...degrees }, facts)).toBe(message);
  });

  it('a plan that shards attention stops at the key heads', () => {
    const facts = factsOf(16, { modelType: 'llama4_text', heads: 40, kvHeads: 8, headDim: 128 });
    expect(refusal({ framework: 'transformers-5', ep: 8 }, facts)).toBeNull();
    expect(refusal({ framework: 'transformers-5', ep: 16 }, facts)).toBe(
      "shape '[1, 1, -1, 128]' is invalid for input of size 64",
    );
    expect(refusal({ framework: 'transformers-4.57', ep: 16 }, { ...facts, modelType: 'gpt_oss' })).toBe(
      "shape '[1, 1, -1, 128]' is invalid for input of size 64",
    );
    expect(refusal({ framework: 'transformers-5', ep: 16 }, { ...facts, modelType: 'gpt_oss' })).toBeNull();
  });

  it('an architecture without a plan is named by its class', () => {
    const facts = factsOf(4, { modelType: 'jamba', className: 'JambaForCausalLM' });
    expect(refusal({ framework: 'transformers-5', ep: 2 }, facts)).toBe(
      'Expert parallelism was requested (`enable_expert_parallel=True`), but `JambaForCausalLM` does not define an expert-parallel plan. Add a `base_model_ep_plan` to its config, or disable expert parallelism.',
    );
    expect(refusal({ framework: 'transformers-5', ep: 1 }, facts)).toBeNull();
  });
});

describe('redundant experts', () => {
  it('vector 14: SGLang and vLLM need them to divide', () => {
    const facts = factsOf(256);
    for (const framework of ['sglang', 'vllm'] as const) {
      expect(held({ framework, ep: 3, redundant: 2 }, facts)).toEqual(['0-85', '86-171', '172-255,0-1']);
    }
    expect(refusal({ framework: 'sglang', ep: 3 }, facts)).toBe('assert num_physical_experts % ep_size == 0');
    expect(fewestRedundant(256, 3)).toBe(2);
  });

  it('fewest redundant experts', () => {
    expect([fewestRedundant(128, 6), fewestRedundant(128, 7), fewestRedundant(256, 40), fewestRedundant(8, 8)]).toEqual(
      [4, 5, 24, 0],
    );
  });

  it('vectors 15 to 18: appended, and beside each rank’s own', () => {
    const at = (experts: number, redundant: number, ep: number, strategy: 'linear' | 'ep-aware') =>
      held({ framework: 'vllm', ep, redundant, strategy }, factsOf(experts));
    const a15 = at(256, 32, 32, 'linear');
    expect([a15[0], a15[28], a15[29], a15[31]]).toEqual(['0-8', '252-255,0-4', '5-13', '23-31']);
    const b16 = at(256, 32, 32, 'ep-aware');
    expect([b16[0], b16[1], b16[31]]).toEqual(['0-8', '8-16', '248-255,0']);
    expect(at(128, 16, 16, 'linear')[14]).toBe('126-127,0-6');
    expect(at(128, 16, 16, 'ep-aware')[15]).toBe('120-127,0');
    expect(at(4, 2, 3, 'linear')).toEqual(['0-1', '2-3', '0-1']);
    expect(at(4, 2, 3, 'ep-aware')).toEqual(['0-1', '1-2', '2-3']);
  });
});

describe('EPLB', () => {
  const loads = [
    [90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86],
    [20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27],
  ];
  const placement = placed(
    planPlacement(
      { framework: 'eplb', ep: 8, nodes: 2, groups: 4, redundant: 4, loads, strategy: 'hierarchical' },
      factsOf(12, { moe: 2 }),
    ),
  );

  it('vectors 19 and 20: hierarchical, as its README has it', () => {
    expect(placement.layers.map((layer) => layer.slots.flat())).toEqual([
      [5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1],
      [7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1],
    ]);
    expect(imbalance(placement, loads).tokens?.map((over) => over.toFixed(3))).toEqual(['1.208', '1.242']);
    expect(placement.uniform).toBe(false);
  });

  it('global keeps no groups, and comes out no less even', () => {
    const all = placed(
      planPlacement(
        { framework: 'eplb', ep: 8, nodes: 2, groups: 4, redundant: 4, loads, strategy: 'global' },
        factsOf(12, { moe: 2 }),
      ),
    );
    for (const layer of all.layers) {
      expect(new Set(layer.slots.flat()).size).toBe(12);
      expect(layer.slots.every((slots) => slots.length === 2)).toBe(true);
    }
    const [mine, grouped] = [imbalance(all, loads).tokens ?? [], imbalance(placement, loads).tokens ?? []];
    expect(mine.every((over, at) => over <= (grouped[at] ?? 0) + 1e-9)).toBe(true);
  });

  it('refuses in its own words, and says what is missing', () => {
    const facts = factsOf(12, { moe: 2 });
    expect(refusal({ framework: 'eplb', ep: 8, redundant: 3, loads }, facts)).toBe(
      'assert num_physical_experts % num_gpus == 0',
    );
    expect(refusal({ framework: 'eplb', ep: 8, redundant: 4, nodes: 5, groups: 5, loads }, facts)).toBe(
      'assert num_logical_experts % num_groups == 0',
    );
    expect(refusal({ framework: 'eplb', ep: 8, redundant: 4 }, facts)).toBe(
      'EPLB needs a loads file with the tokens of each expert.',
    );
  });

  it('asks for a file that was not given before it refuses anything', () => {
    const facts = factsOf(12, { moe: 2 });
    const none = { framework: 'eplb', ep: 8, redundant: 4 } as const;
    expect(planPlacement(none, facts)).toMatchObject({ needs: 'loads' });
    expect(refusalOf(none, facts)).toBeNull();
    expect(planPlacement({ framework: 'custom', ep: 2 }, facts)).toMatchObject({ needs: 'map' });
    expect(refusalOf({ framework: 'custom', ep: 2 }, facts)).toBeNull();
    const short = { ...none, loads: [[1, 2, 3]] };
    expect(planPlacement(short, facts)).not.toHaveProperty('needs');
    expect(refusalOf(short, facts)).toBe(
      'Row 1 of the loads file has 3 numbers, but model.layers.0.mlp has 12 experts.',
    );
  });

  it('takes rows by layer with experts or by decoder layer, and refuses any other number of them', () => {
    const moeLayers = [3, 4].map((index) => ({ prefix: `model.layers.${index}.mlp`, index, experts: 2 }));
    const facts = factsOf(2, { moeLayers, layers: 5 });
    const ends = [
      [0, 1],
      [1, 0],
    ];
    const map = (rows: number[][]) => ({ framework: 'custom', ep: 2, map: rows }) as const;
    const slots = (rows: number[][]) =>
      placed(planPlacement(map(rows), facts)).layers.map((layer) => layer.slots.flat());
    expect(slots(ends)).toEqual(ends);
    expect(slots([[0, 1], [0, 1], [0, 1], ...ends])).toEqual(ends);
    expect(refusalOf(map([...ends, [0, 1]]), facts)).toBe(
      'The map file has 3 rows. This model needs 1 row (for all layers), 2 rows (one for each layer with experts), or 5 rows (one for each decoder layer).',
    );
    expect(
      refusalOf(
        map([
          [0, 1],
          [0, 0],
        ]),
        facts,
      ),
    ).toBe('Row 2 of the map file does not place expert 1 of model.layers.4.mlp on any rank.');
    expect(
      refusalOf(
        map([
          [0, 1],
          [0, 2],
        ]),
        facts,
      ),
    ).toBe('Row 2 of the map file names expert 2, but model.layers.4.mlp has only experts 0 to 1.');
    expect(
      refusalOf(
        map([
          [0, 1],
          [0, 1, 1],
        ]),
        facts,
      ),
    ).toBe('Row 2 of the map file gives model.layers.4.mlp 3 slots, which is not divisible by 2 ranks.');
  });
});
