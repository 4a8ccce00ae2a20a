import { expect, test } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { configFor } from '../configuring.ts';
import { expertPlanOf, planPlacement, readSettings } from '../placing.ts';

test('the model card’s runs are placed by the fork’s own names, context parallelism inside expert parallelism', () => {
  for (const cp of [4, 8]) {
    const set = readSettings('transformers-4.57', [
      'expert_parallel_size=64',
      `context_parallel_size=${cp}`,
      'world=64',
    ]);
    if ('error' in set) throw new Error(set.error);
    const { mesh, sizes, layers } = placed(
      planPlacement({ framework: 'transformers-4.57', ...set.options }, factsOf(128)),
    );
    expect(mesh.world).toBe(64);
    expect(sizes).toMatchObject({ dp: 64 / cp, cp, ep: 64 });
    expect(layers[0]?.slots[13]).toEqual([26, 27]);
  }
});

test('its configuration has the plan that it is placed by', () => {
  const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
  const file = configFor('transformers-4.57', { model: 'm', shape, options: { ep: 64, cp: 8, world: 64 } });
  if ('error' in file) throw new Error(file.error);
  const plan = expertPlanOf('transformers-4.57', 'qwen3_moe') ?? [];
  expect(plan.map(({ style }) => style)).toEqual([
    'ep_router',
    'grouped_gemm',
    'grouped_gemm',
    'grouped_gemm',
    'gather',
  ]);
  for (const { name, style } of plan) expect(file.text).toContain(`# Its plan: layers.*.${name} is ${style}.\n`);
  expect(file.text).toContain('data parallel 8 × context parallel 8 = 64 ranks');
});
