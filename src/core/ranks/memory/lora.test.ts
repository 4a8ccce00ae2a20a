import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateMemory, MEMORY_PROGRAMS } from '../../programs/fitting.ts';
import { readModelConfig } from './configs.fixture.ts';
import { parseLora } from './lora.ts';
import { estimate } from './published.fixture.ts';
import type { MemoryReport } from './report.ts';
import type { MemorySetup } from './setup.ts';
import { totalParameters } from './shape.ts';
import { shapeFromConfig } from './shape-config.ts';

const SMALL = 'Qwen3-30B-A3B';
const lora = { rank: 16, targets: ['attention'] } as const;
const TRAINED = MEMORY_PROGRAMS.filter(({ memory }) => memory.lora).map(({ id }) => id);

function high(report: MemoryReport, name: string): number {
  return report.terms.find((term) => term.name === name)?.high ?? 0;
}

describe('parseLora', () => {
  it.each([
    ['16', { rank: 16, targets: null }],
    ['r=8', { rank: 8, targets: null }],
    ['r=16,targets=q_proj+v_proj', { rank: 16, targets: ['q_proj', 'v_proj'] }],
    ['targets=all-linear,r=4', { rank: 4, targets: ['all-linear'] }],
    [
      '32,targets=mlp.experts.gate_up_proj+attention+attention',
      { rank: 32, targets: ['mlp.experts.gate_up_proj', 'attention'] },
    ],
  ])('reads %s', (text, setup) => {
    expect(parseLora(text)).toEqual(setup);
  });

  it.each([
    '',
    '0',
    '-1',
    '1.5',
    '016',
    '1e3',
    '65537',
    'r=',
    'r=16=2',
    'r=16,r=8',
    'targets=q_proj',
    'r=16,targets=',
    'r=16,targets=a++b',
    'r=16,targets=a b',
    'r=16,targets=../x',
    'r=16,targets=a,targets=b',
    'r=16,alpha=32',
    '16,8',
    'r=16,targets=a,x',
    'r=16,targets=a,b,c',
    '__proto__',
    `r=16,targets=${'a+'.repeat(99)}a`,
    `r=16,targets=${'a'.repeat(200)}`,
  ])('refuses %j', (text) => {
    expect(parseLora(text)).toBeNull();
  });
});

describe('LoRA in memory', () => {
  it('by hand: 30B on 8 GPUs, experts folded', () => {
    const report = estimate(SMALL, { gpus: 8, dp: 8, ep: 8, lora });
    const all = totalParameters(shapeFromConfig(readModelConfig(SMALL)));
    // q 16 · (2048 + 4096), k and v 16 · (2048 + 512), o 16 · (4096 + 2048), 48 layers.
    const parameters = 48 * 16 * (6144 + 2 * 2560 + 6144);
    expect(report.lora).toEqual({ rank: 16, targets: ['attention'], parameters });
    expect(high(report, 'frozen weights')).toBeCloseTo((all * 2) / 8 / 1e9, 3);
    expect(high(report, 'adapters')).toBeCloseTo((parameters * 4) / 8 / 1e9, 3);
    expect(high(report, 'gradients')).toBeCloseTo((parameters * 4) / 8 / 1e9, 3);
    expect(high(report, 'optimizer states')).toBeCloseTo((parameters * 8) / 8 / 1e9, 3);
    expect(report.terms.map(({ name }) => name)).not.toContain('weights');
    expect(report.cluster.states).toBeCloseTo((all * 2 + parameters * 16) / 1e9, 3);
  });

  it('keeps adapters of experts with their experts, and the rest whole where the weights are', () => {
    const setup = { framework: 'transformers-5', gpus: 16, ep: 16 };
    const ofExperts = estimate(SMALL, { ...setup, lora: { rank: 16, targets: ['experts'] } });
    expect(high(ofExperts, 'adapters')).toBeCloseTo((629_145_600 * 4) / 16 / 1e9, 3);
    const ofAttention = estimate(SMALL, { ...setup, lora });
    expect(high(ofAttention, 'adapters')).toBeCloseTo((13_369_344 * 4) / 1e9, 3);
  });

  it('cuts one matrix of each adapter under tensor parallelism, and keeps the other whole', () => {
    const report = estimate(SMALL, { gpus: 2, tp: 2, lora });
    // q, k and v are cut by rows: A is whole, B halved. o is cut by columns: A is halved, B whole.
    const each = 2048 + 4096 / 2 + 2 * (2048 + 512 / 2) + (4096 / 2 + 2048);
    expect(high(report, 'adapters')).toBeCloseTo((4 * 48 * 16 * each) / 1e9, 3);
  });

  it('holds a layer’s experts once more where adapters are added to stacked weights', () => {
    const setup: MemorySetup = { gpus: 8, ep: 1, context: 512, chunkedLoss: true };
    const report = estimate(SMALL, { ...setup, lora: { rank: 4, targets: ['experts'] } });
    // 128 experts of 3 · 2048 · 768.
    const layer = 128 * 3 * 2048 * 768;
    expect(report.phase).toBe('backward');
    expect(high(report, 'merged experts')).toBeGreaterThan((4 * layer) / 1e9);
    expect(high(report, 'merged experts')).toBeLessThanOrEqual((10 * layer) / 1e9 + 0.001);
    expect(high(estimate(SMALL, { ...setup, lora }), 'merged experts')).toBe(0);
  });

  it('says in which dtype frozen weights are, whatever was given', () => {
    const said = (model: string) => estimate(model, { gpus: 64, optimizerBytes: 8, lora }).assumed.join(' ');
    expect(said(SMALL)).toContain('Frozen weights are in bf16');
    expect(said('DeepSeek-V3')).toContain('Frozen weights are unpacked to bf16');
    expect(said('gpt-oss-120b')).toContain('Frozen weights are unpacked to bf16');
  });

  it('moves adapters’ states to the host, and frozen weights only when asked', () => {
    const setup: MemorySetup = { gpus: 8, ep: 8, lora };
    const states = estimate(SMALL, { ...setup, offload: 'optimizer' });
    expect(high(states, 'frozen weights')).toBeGreaterThan(7);
    expect(states.offload?.host).toBeLessThan(0.1);
    const all = estimate(SMALL, { ...setup, offload: 'all' });
    expect(high(all, 'frozen weights')).toBe(0);
    expect(all.offload?.host).toBeCloseTo(high(states, 'frozen weights') + (13_369_344 * 16) / 8 / 1e9, 2);
  });

  it('takes no fewer bytes under ZeRO, which masters what is trained alone', () => {
    const report = estimate(SMALL, { framework: 'deepspeed', gpus: 8, zero: 2, lora });
    expect(high(report, 'frozen weights')).toBeCloseTo(61.06, 1);
    expect(high(report, 'optimizer states')).toBeCloseTo((13_369_344 * 12) / 8 / 1e9, 3);
  });

  it('never needs more than training all weights, at small ranks', () => {
    const models = fc.constantFrom(SMALL, 'GLM-4.5-Air', 'DeepSeek-V3', 'gpt-oss-120b', 'Mixtral-8x7B-v0.1');
    const setups = fc.record({
      framework: fc.constantFrom(...TRAINED),
      gpus: fc.constantFrom(8, 32),
      ep: fc.constantFrom(1, 4, 8),
      context: fc.constantFrom(512, 8192),
      checkpointing: fc.constantFrom(true, undefined),
      offload: fc.constantFrom('none' as const, 'all' as const),
    });
    const targets = fc.constantFrom(['attention'], ['o_proj'], ['all-linear'], ['experts']);
    let compared = 0;
    fc.assert(
      fc.property(models, setups, targets, fc.constantFrom(1, 4), (model, setup, names, rank) => {
        const shape = shapeFromConfig(readModelConfig(model));
        const full = estimateMemory(shape, setup);
        const adapted = estimateMemory(shape, { ...setup, lora: { rank, targets: names } });
        if ('error' in full || 'error' in adapted) return;
        compared++;
        expect(adapted.lora?.parameters).toBeLessThan(totalParameters(shape) / 10);
        expect(adapted.cluster.states).toBeLessThan(full.cluster.states);
        if (setup.offload === 'all') return;
        expect(adapted.high).toBeLessThanOrEqual(full.high);
        expect(adapted.low).toBeLessThanOrEqual(full.low);
      }),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(30);
  });

  it.each([
    ['vllm', 'LoRA needs a training program; vLLM (serving) only serves models.'],
    ['megatron-core', 'LoRA training is not modelled for Megatron-Core, distributed optimizer.'],
  ])('refuses for %s', (framework, error) => {
    expect(estimateMemory(shapeFromConfig(readModelConfig(SMALL)), { framework, lora })).toEqual({ error });
  });
});
