import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { planPlacement } from '../../ranks/placement.ts';
import type { OwnOptions, PlacementOptions } from '../../ranks/types.ts';
import { configFor } from '../configuring.ts';
import { planPlacement as planOf } from '../placing.ts';
import { readBack } from '../read-back.fixture.ts';
import { verlRollout } from './program.ts';

const plan = (options: PlacementOptions, experts = 8, facts = {}) =>
  planPlacement(verlRollout, options, factsOf(experts, facts));
const SGLANG: { readonly own: OwnOptions } = { own: { engine: 'sglang' } };

/** Experts and parts of each rank. */
function held({ ranks, layers }: ReturnType<typeof placed>) {
  return ranks.map(({ ep, etp }) => [layers[0]?.slots[ep], etp.index, etp.of]);
}

describe('verl’s rollout', () => {
  it.each([
    [{ tp: 2, dp: 2, ep: 4 }, { framework: 'vllm', tp: 2, dp: 2, ep: 4 }, 10],
    [{ tp: 2, dp: 2 }, { framework: 'vllm', tp: 2, dp: 2, ep: 1 }, 8],
    [{ tp: 2, dp: 2, ep: 4, ...SGLANG }, { framework: 'sglang', tp: 4, ep: 4 }, 8],
    [{ tp: 4, ...SGLANG }, { framework: 'sglang', tp: 4, ep: 1 }, 8],
  ] as const)('%o is %o', (options, engine, experts) => {
    expect(held(placed(plan(options, experts)))).toEqual(held(placed(planOf(engine, factsOf(experts)))));
  });

  it('has tensor parallelism of 2 where none is named, or as much as expert parallelism takes', () => {
    expect(placed(plan({})).sizes).toMatchObject({ tp: 2, ep: 1 });
    expect(placed(plan({ ep: 4 })).sizes).toMatchObject({ tp: 4, ep: 4 });
  });

  it('repeats its engine over the GPUs of the trainer', () => {
    const { mesh, ranks } = placed(plan({ tp: 2, ep: 2, own: { n_gpus_per_node: 4, nnodes: 2 } }));
    expect(mesh.world).toBe(8);
    expect(ranks.map(({ ep }) => ep)).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it.each([
    [{ tp: 4, ep: 2 }, 'expert_parallel_size must be equal to tensor_model_parallel_size * data_parallel_size'],
    [
      { tp: 4, dp: 2, ep: 4, ...SGLANG },
      'expert_parallel_size must be equal to tensor_model_parallel_size * data_parallel_size',
    ],
    [
      { tp: 4, ep: 4, pp: 2, ...SGLANG },
      "Current rollout self.name='sglang' not implemented pipeline_model_parallel_size > 1 yet.",
    ],
    [{ tp: 4, ep: 4, world: 6 }, 'rollout world_size: 6 is not divisible by infer_world_size: 4'],
    [{ tp: 2, cp: 2 }, 'verl’s rollout has no cp; leave it at 1.'],
  ] as const)('refuses %o', (options, error) => {
    expect(plan(options)).toEqual({ error });
  });

  it('refuses in its engine’s words what its engine refuses', () => {
    const asked = plan({ tp: 4, ep: 4, ...SGLANG }, 10);
    expect(asked).toEqual(planOf({ framework: 'sglang', tp: 4, ep: 4 }, factsOf(10)));
    expect(asked).toHaveProperty('error');
  });

  it('says which experts come from other ranks than those that train them', () => {
    const warnings = (own: OwnOptions) => placed(plan({ tp: 4, ep: 4, own }, 8, { moe: 2 })).warnings.join('\n');
    expect(warnings({})).toContain(
      'Of 16 copies of experts that ranks serve, 16 are of experts that the same rank trains',
    );
    const other = warnings({ 'megatron.expert_model_parallel_size': 2 });
    expect(other).toContain('--framework megatron-core --ep 2 --etp 1 --tp 1 --pp 1 --cp 1 --set world=4');
    // Rank 0 trains 0–3 and serves 0, 1; rank 1 trains 4–7 and serves 2, 3; rank 2 again 0–3 against 4, 5.
    expect(other).toContain('Of 16 copies of experts that ranks serve, 8 are of');
    expect(warnings({ 'megatron.expert_model_parallel_size': 3 })).toContain(
      'which refuses these sizes: world_size (4)',
    );
  });

  it('says both sides in its configuration', () => {
    const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
    const own = { engine: 'sglang', 'megatron.tensor_model_parallel_size': 4, nnodes: 2, n_gpus_per_node: 8 };
    const options = { tp: 4, dp: 2, ep: 8, own };
    const file = configFor('verl-rollout', { model: 'Qwen/Qwen3-235B-A22B', shape, options });
    if ('error' in file) throw new Error(file.error);
    expect(readBack('verl-rollout', file.text, { layers: 94, expertGroups: null })?.sizes).toEqual({
      tp: 4,
      dp: 2,
      ep: 8,
    });
    for (const line of [
      'actor_rollout_ref.rollout.name=sglang',
      'actor_rollout_ref.actor.megatron.tensor_model_parallel_size=4',
      'actor_rollout_ref.actor.megatron.expert_model_parallel_size=8',
      'trainer.nnodes=2',
    ])
      expect(file.text).toContain(line);
    expect(configFor('verl-rollout', { model: 'a b', shape, options })).toHaveProperty('error');
  });
});
