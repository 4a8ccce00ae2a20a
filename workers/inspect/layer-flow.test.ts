import { expect, it } from 'vitest';
import { planConversion } from '../../src/core/index.ts';
import { openFixture } from '../../src/core/testing.fixture.ts';
import { createFlowService } from './layer-flow.ts';

it('draws the layers of one order from one plan, and none of a plan that is refused', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  let plans = 0;
  const service = createFlowService(checkpoint, async (target, options) => {
    plans += 1;
    return planConversion(checkpoint, target, options);
  });
  const [first, third] = [
    await service.flow('stacked', {}, { prefix: 'model.layers.0.mlp', width: 600 }),
    await service.flow('stacked', {}, { prefix: 'model.layers.2.mlp', width: 600 }),
  ];
  expect([first?.title, third?.title]).toEqual(['Layer 0: per-expert to stacked', 'Layer 2: per-expert to stacked']);
  expect(first?.moves).toHaveLength(36);
  expect(plans).toBe(1);
  expect(structuredClone(first)).toEqual(first);
  expect(await service.flow('stacked', {}, { prefix: 'model.layers.1.mlp', width: 600 })).toBeNull();
  expect(await service.flow('stacked', {}, { prefix: 'nowhere', width: 600 })).toBeNull();
  expect(await service.flow('gate-up-interleaved', {}, { prefix: 'model.layers.0.mlp', width: 600 })).toBeNull();
  expect(plans).toBe(2);
});
