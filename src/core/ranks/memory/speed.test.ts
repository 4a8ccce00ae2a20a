import { describe, expect, it } from 'vitest';
import { estimateMemory } from '../../programs/fitting.ts';
import { readModelConfig } from './configs.fixture.ts';
import { estimate } from './published.fixture.ts';
import type { MemorySetup } from './setup.ts';
import { shapeFromConfig } from './shape-config.ts';
import { flopsPerTokenOf } from './throughput.ts';

const BIG = 'Qwen3-235B-A22B';
const CARD: MemorySetup = { gpus: 64, dp: 16, cp: 4, ep: 64, context: 16_384 };

function speed(setup: MemorySetup, model = BIG) {
  const { throughput } = estimate(model, setup);
  if (!throughput) throw new Error('no speed');
  return throughput;
}

describe('throughput of a set-up', () => {
  it('is the card’s own arithmetic: 17.5 tokens a second and GPU at 16k', () => {
    const report = speed({ ...CARD, tokensPerSecond: 64 * 17.5 });
    expect(report.full).toMatchObject({ mfu: 0.5032, tokensPerSecondPerGpu: 17.5, tokensPerSecond: 1120 });
    expect(report.causal.mfu).toBe(0.3694);
    expect(report.tokensPerStep).toBe(16_384 * 16);
    expect(report.full.stepSeconds).toBeCloseTo(234.1, 1);
  });

  it('by hand: Mixtral at 1,000 tokens a second on 8 GPUs', () => {
    // 12,879,925,248 active parameters; 32 layers · 2 · 32 heads · 128 · 4096 tokens of scores.
    const linear = 6 * 12_879_925_248;
    const scores = 6 * 32 * 2 * 32 * 128 * 4096;
    const report = speed({ gpus: 8, context: 4096, tokensPerSecond: 1000, gpuTflops: 312 }, 'Mixtral-8x7B-v0.1');
    expect(report.flopsPerToken).toEqual({ linear, scores });
    const percent = (flops: number) => (100 * 1000 * flops) / 8 / 312e12;
    expect(report.linear.mfu).toBeCloseTo(percent(linear), 2);
    expect(report.causal.mfu).toBeCloseTo(percent(linear + scores / 2), 2);
    expect(report.full.mfu).toBeCloseTo(percent(linear + scores), 2);
  });

  it('reads seconds of a step and MFU back into the same speed', () => {
    const given = speed({ ...CARD, tokensPerSecond: 100_000 });
    const bySeconds = speed({ ...CARD, stepSeconds: (16_384 * 16) / 100_000 });
    expect(bySeconds).toEqual(given);
    for (const convention of ['linear', 'causal', 'full'] as const) {
      const back = speed({ ...CARD, mfu: given[convention].mfu })[convention];
      expect(back.tokensPerSecond / 100_000).toBeCloseTo(1, 3);
      expect(back.mfu).toBe(given[convention].mfu);
    }
  });

  it('counts fewer FLOP where weights are frozen', () => {
    const shape = shapeFromConfig(readModelConfig(BIG));
    const full = flopsPerTokenOf(shape, 4096);
    const report = speed({ ...CARD, mfu: 30, lora: { rank: 8, targets: ['attention'] } });
    const adapters = 94 * 8 * (4096 + 8192 + 2 * (4096 + 512) + 8192 + 4096);
    expect(report.flopsPerToken.linear).toBe((full.linear / 6) * 4 + 6 * adapters);
    expect(report.flopsPerToken.scores).toBe(4 * full.scores);
  });

  it('is there only when asked for, and says what it took', () => {
    expect(estimate(BIG, CARD).throughput).toBeNull();
    const { assumed } = estimate(BIG, { ...CARD, mfu: 40 });
    expect(assumed).toEqual(expect.arrayContaining([expect.stringContaining('Speed of a GPU: 989.5 TFLOP/s')]));
    expect(assumed).toEqual(expect.arrayContaining([expect.stringContaining('16,384 tokens × 1 × dp 16 = 262,144')]));
  });

  it.each([
    [{ mfu: 30, stepSeconds: 1 }, 'Give only one of'],
    [{ mfu: 130 }, 'at most 100 %'],
    [{ stepSeconds: 0 }, 'above 0'],
    [{ framework: 'vllm', gpus: undefined, dp: 8, cp: 1, ep: 8, mfu: 30 }, 'only serves models'],
  ] as const)('refuses %o', (setup, error) => {
    const report = estimateMemory(shapeFromConfig(readModelConfig(BIG)), { ...CARD, ...setup });
    expect('error' in report && report.error).toContain(error);
  });
});

describe('the sum over all GPUs', () => {
  it.each([
    [10, 2350.936, true],
    [16, 3761.498, true],
  ])('of 235B at %i bytes fits 64 GPUs', (optimizerBytes, states, fits) => {
    const { cluster } = estimate(BIG, { ...CARD, optimizerBytes });
    expect(cluster.states).toBeCloseTo(states, 2);
    expect(cluster.capacity).toBeCloseTo((64 * 79.1 * 2 ** 30) / 1e9, 2);
    expect(cluster.share).toBeCloseTo(states / cluster.capacity, 3);
    expect(cluster.fits).toBe(fits);
  });

  it('does not fit where even an even cut cannot', () => {
    const report = estimate('DeepSeek-V3', { gpus: 8 });
    expect(report.cluster.fits).toBe(false);
    expect(report.verdict).toBe('out-of-memory');
  });

  it('is the stored weights of a served model', () => {
    const { cluster } = estimate('gpt-oss-120b', { framework: 'vllm', tp: 1 });
    expect(cluster.states).toBeGreaterThan(60);
    expect(cluster.states).toBeLessThan(66);
  });
});
