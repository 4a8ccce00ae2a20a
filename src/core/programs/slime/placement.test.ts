import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { planPlacement } from '../../ranks/placement.ts';
import { readSettings } from '../../ranks/settings.ts';
import type { OwnOptions } from '../../ranks/types.ts';
import { configFor } from '../configuring.ts';
import { slimeRollout } from './program.ts';

function plan(entries: readonly string[], experts = 8, facts = {}) {
  const set = readSettings(slimeRollout, entries);
  if ('error' in set) throw new Error(set.error);
  return planPlacement(slimeRollout, set.options, factsOf(experts, facts));
}

const engines = (counts: readonly number[], offsets: readonly number[]) => [
  `engine_gpu_counts=${JSON.stringify(counts)}`,
  `engine_gpu_offsets=${JSON.stringify(offsets)}`,
];

describe('slime’s rollout', () => {
  it('places engines at their offsets, and nothing on other ranks', () => {
    const { ranks, mesh, warnings } = placed(plan(['world=9', 'ep_size=2', ...engines([2, 2], [1, 6])]));
    expect(mesh.world).toBe(9);
    expect(ranks.map(({ ep }) => ep)).toEqual([-1, 0, 1, -1, -1, -1, 0, 1, -1]);
    expect(warnings.join()).toContain('5 of 9 ranks are outside of every engine');
  });

  it('packs engines of ep × moe_dp where none are named', () => {
    const { ranks } = placed(plan(['world=8', 'ep_size=2', 'moe_dp_size=2']));
    expect(ranks.map(({ coords: { tp, moe_dp, ep } }) => [tp, moe_dp, ep])).toEqual(
      Array.from({ length: 8 }, (_, rank) => [rank % 4, Math.floor((rank % 4) / 2), rank % 2]),
    );
    expect(placed(plan(['ep_size=4'])).mesh.world).toBe(4);
  });

  it.each([
    [['world=8', 'ep_size=4', ...engines([8], [0])], 'SGLang MoE TP must be 1, got engine_size=8, EP=4, MoE-DP=1'],
    [['world=8', 'ep_size=4', ...engines([4, 4], [0, 6])], 'SGLang engine is outside the Megatron world'],
    [['world=8', 'ep_size=4', ...engines([4], [-1])], 'SGLang engine is outside the Megatron world'],
    [['world=8', 'ep_size=4', ...engines([4, 8], [6, 0])], 'SGLang engine is outside the Megatron world'],
    [['world=8', 'ep_size=4', ...engines([4, 4], [0])], 'zip() argument 2 is shorter than argument 1'],
    [['world=8', 'ep_size=4', ...engines([4], [0, 4])], 'zip() argument 2 is longer than argument 1'],
    [['world=6', 'ep_size=3'], 'num_experts must be divisible by SGLang EP'],
    [['world=8', ...engines([], [])], 'There is no engine to place experts on.'],
    [
      ['world=8', 'tp=2'],
      'slime’s engines take no tp here: their size is ep_size × moe_dp_size, and training sizes have Megatron’s names.',
    ],
  ] as const)('refuses %o', (entries, error) => {
    expect(plan(entries)).toEqual({ error });
  });

  it('takes no list of anything but whole numbers', () => {
    expect(plan(['ep_size=2', 'engine_gpu_counts=[2.5]'])).toEqual({
      error: 'engine_gpu_counts and engine_gpu_offsets are lists of whole numbers.',
    });
  });

  it('says how training differs, and when experts are not sent one by one', () => {
    const warnings = (...entries: string[]) => placed(plan(['world=8', 'ep_size=4', ...entries])).warnings.join('\n');
    expect(warnings('expert_model_parallel_size=8')).toContain('Of 16 copies of experts that ranks serve, 2 are of');
    expect(warnings()).toContain('sends each expert from a rank that trains it straight to the ranks that serve it');
    expect(warnings('expert_tensor_parallel_size=2', 'tensor_model_parallel_size=2')).toContain(
      'Disable rank-local expert update: SGLang/Megatron expert topology is not eligible',
    );
  });

  it('says both sides in its configuration, where flags can', () => {
    const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
    const make = (own: OwnOptions, world: number) =>
      configFor('slime-rollout', { model: 'm', shape, options: { world, ep: 4, own } });
    const file = make({ expert_model_parallel_size: 8, tensor_model_parallel_size: 2 }, 16);
    if ('error' in file) throw new Error(file.error);
    for (const line of [
      '--rollout-num-gpus 16',
      '--rollout-num-gpus-per-engine 4',
      '--sglang-ep-size 4',
      '--expert-model-parallel-size 8',
      '--tensor-model-parallel-size 2',
      '--actor-num-nodes 2',
    ])
      expect(file.text).toContain(line);
    expect(make({ engine_gpu_counts: [4], engine_gpu_offsets: [4] }, 8)).toEqual({
      error: 'slime packs engines one behind the other from the first GPU on; flags cannot say offsets 4.',
    });
  });
});
