import { describe, expect, it } from 'vitest';
import { estimateMemory } from '../programs/fitting.ts';
import { planPlacement, summarize } from '../programs/placing.ts';
import { heldBytes } from './bytes.ts';
import { rankModelOfConfig } from './config-model.ts';
import { factsOf, placed } from './facts.fixture.ts';
import { readModelConfig } from './memory/configs.fixture.ts';
import { shapeFromConfig } from './memory/shape-config.ts';
import { cutBlock } from './quant-cut.ts';
import { createSharer } from './share.ts';

describe('cutBlock', () => {
  const fp8 = { rows: 128, columns: 128, method: 'fp8' };
  it.each([
    [1536, 4, fp8, null],
    [1536, 8, fp8, { slice: 192, along: 'rows' }],
    [1536, 1, { rows: 1000, columns: 1, method: 'fp8' }, null],
    [1536, 8, { rows: 1, columns: 128, method: 'gptq' }, { slice: 192, along: 'columns' }],
    [1536, 12, { rows: 1, columns: 64, method: 'awq' }, null],
    [1536, 8, null, null],
  ] as const)('%i over %i in %j', (intermediate, parts, blocks, cut) => {
    const found = cutBlock(factsOf(8, { intermediate, blocks }), parts);
    if (cut === null) expect(found).toBeNull();
    else expect(found).toEqual({ ...cut, blocks });
  });
});

describe('MXFP4 experts over tensor-parallel ranks', () => {
  const model = rankModelOfConfig(readModelConfig('gpt-oss-120b'));
  const options = { framework: 'vllm', tp: 8, ep: 1 } as const;

  it('are cut between blocks: twelve of ninety each, six for the last rank', () => {
    const placement = placed(planPlacement(options, model.facts));
    expect(placement.units).toBe(90);
    const held = heldBytes(model.tensorIndex, placement).map(({ experts }) => experts);
    const [one] = heldBytes(model.tensorIndex, placed(planPlacement({ framework: 'vllm', ep: 1 }, model.facts)));
    // The bias of the down projection, one for the experts' whole output, is on every rank.
    const { layers, hidden } = model.facts;
    const everywhere = 7 * 128 * 2 * layers * (hidden ?? 0);
    expect(held.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual((one?.experts ?? 0) + everywhere);
    expect(Math.max(...held) / Math.min(...held)).toBeCloseTo(2, 1);
  });

  it('weigh in memory what they weigh in ranks', () => {
    const placement = placed(planPlacement(options, model.facts));
    const [most] = heldBytes(model.tensorIndex, placement);
    const report = estimateMemory(shapeFromConfig(readModelConfig('gpt-oss-120b')), { ...options, gpus: 8 });
    if ('error' in report) throw new Error(report.error);
    const experts = report.terms.find(({ name }) => name === 'expert weights')?.high ?? 0;
    // Memory cuts the small biases like the matrices; ranks keep one of them whole.
    expect(experts * 1e9).toBeGreaterThan((most?.experts ?? 0) * 0.995);
    expect(experts * 1e9).toBeLessThanOrEqual((most?.experts ?? 0) * 1.005);
  });

  it('keep each scale with its codes', () => {
    const placement = placed(planPlacement(options, model.facts));
    const last = placement.ranks[7];
    if (!last) throw new Error('There is no rank 7.');
    const sharer = createSharer(model.tensorIndex, placement, last);
    const shapes = new Map(
      sharer
        .candidates()
        .filter(({ tail }) => /_(blocks|scales)$/.test(tail))
        .map((tensor) => [tensor.tail, sharer.shareOf(tensor)?.shape]),
    );
    for (const [tail, shape] of shapes) {
      const twin = shapes.get(tail.replace('_blocks', '_scales'));
      expect(shape?.slice(0, 3)).toEqual(twin);
    }
    expect(shapes.size).toBeGreaterThan(3);
    expect(summarize(model, options).warnings.join()).toContain('90 blocks');
  });
});
