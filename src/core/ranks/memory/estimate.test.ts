import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateMemory, MEMORY_PROGRAMS, memoryProgramOf } from '../../programs/fitting.ts';
import { readModelConfig } from './configs.fixture.ts';
import { holdingsOf } from './holdings.ts';
import { placeSetup } from './place-setup.ts';
import { estimate } from './published.fixture.ts';
import type { Term } from './report.ts';
import type { MemorySetup } from './setup.ts';
import { shapeFromConfig } from './shape-config.ts';
import { throughputOf, withoutOvercount } from './throughput.ts';

const BIG = 'Qwen3-235B-A22B';
const big = shapeFromConfig(readModelConfig(BIG));

function programOf({ framework = 'fsdp2' }: MemorySetup) {
  const program = memoryProgramOf(framework);
  if (!program) throw new Error(framework);
  return program;
}

function heldBytes(model: string, setup: MemorySetup, dense: 'sharded' | 'replicated', bytes: number): number {
  const shape = shapeFromConfig(readModelConfig(model));
  const placement = placeSetup(programOf(setup), setup, shape);
  if ('error' in placement) throw new Error(placement.error);
  const [held] = holdingsOf(programOf(setup).memory, placement, shape, { dense, zero: 3 });
  return bytes * ((held?.dense.weights ?? 0) + (held?.experts.weights ?? 0));
}

describe('what a rank holds', () => {
  const replicated = (model: string, ep: number) =>
    heldBytes(model, { framework: 'transformers-5', gpus: ep, ep }, 'replicated', 2);

  it.each([
    [1, 470_187_269_120],
    [2, 243_090_873_344],
    [4, 129_542_675_456],
    [8, 72_768_576_512],
    [16, 44_381_527_040],
    [32, 30_188_002_304],
    [64, 23_091_239_936],
    [128, 19_542_858_752],
  ])('weights of 235B at EP %i with everything else whole', (ep, bytes) => {
    expect(replicated(BIG, ep)).toBe(bytes);
  });

  it.each([
    ['Qwen3-30B-A3B', 8, 10_329_944_064],
    ['Mixtral-8x7B-v0.1', 8, 14_485_561_344],
    ['DeepSeek-V3', 32, 75_104_594_944],
    ['gpt-oss-120b', 8, 32_930_515_584],
    ['GLM-4.5-Air', 8, 39_305_342_208],
  ])('weights of %s at EP %i', (model, ep, bytes) => {
    expect(replicated(model, ep)).toBe(bytes);
  });

  it('an uneven EP gives vLLM’s first ranks one expert more', () => {
    expect(heldBytes(BIG, { framework: 'vllm', dp: 7, ep: 7 }, 'sharded', 2)).toBe(83_413_720_064);
  });

  it.each([
    [2, 7.35, 23.1],
    [8, 29.4, 92.4],
    [10, 36.7, 115.5],
    [12, 44.1, 138.5],
    [16, 58.8, 184.7],
    [18, 66.1, 207.8],
  ])('states of 235B on 64 GPUs at %i bytes: folded, and with everything but experts whole', (bytes, folded, whole) => {
    const setup = { gpus: 64, dp: 64, ep: 64 };
    expect(heldBytes(BIG, setup, 'sharded', bytes) / 1e9).toBeCloseTo(folded, 1);
    expect(heldBytes(BIG, setup, 'replicated', bytes) / 1e9).toBeCloseTo(whole, 1);
    expect(heldBytes(BIG, { gpus: 128, dp: 128, ep: 128 }, 'sharded', bytes) / 1e9).toBeCloseTo(folded / 2, 1);
  });

  it('10 and 16 bytes to the byte', () => {
    const setup = { gpus: 64, dp: 64, ep: 64 };
    expect(heldBytes(BIG, setup, 'sharded', 10)).toBe(36_733_380_400);
    expect(heldBytes(BIG, setup, 'sharded', 16)).toBe(58_773_408_640);
  });

  it('does not shrink with EP where everything is cut over all ranks anyway', () => {
    const of = (ep: number) => heldBytes(BIG, { gpus: 64, dp: 64, ep }, 'sharded', 16);
    expect(new Set([1, 2, 8, 64].map(of)).size).toBe(1);
  });
});

const sum = (terms: readonly Term[], end: 'low' | 'high') => terms.reduce((total, term) => total + term[end], 0);

describe('estimateMemory', () => {
  const setups = fc.record(
    {
      framework: fc.constantFrom(...MEMORY_PROGRAMS.map(({ id }) => id)),
      dp: fc.constantFrom(1, 2, 4, 8, 16, 64),
      cp: fc.constantFrom(1, 2, 4, 8),
      tp: fc.constantFrom(1, 2, 4, 8),
      pp: fc.constantFrom(1, 2, 4, 16),
      ep: fc.constantFrom(1, 2, 4, 8, 16, 64),
      context: fc.constantFrom(1, 512, 4096, 131_072),
      batch: fc.constantFrom(1, 2, 7),
      optimizerBytes: fc.constantFrom(6, 8, 10, 12, 16, 18),
      dense: fc.constantFrom('sharded' as const, 'replicated' as const),
      zero: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
      offload: fc.constantFrom('none' as const, 'optimizer' as const, 'all' as const),
      checkpointing: fc.boolean(),
      chunkedLoss: fc.boolean(),
      imbalance: fc.constantFrom(1, 1.5, 4),
      capacityGib: fc.constantFrom(24, 79.1, 139),
    },
    { requiredKeys: ['framework'] },
  );
  const models = fc.constantFrom('Qwen3-30B-A3B', BIG, 'DeepSeek-V3', 'gpt-oss-120b', 'Mixtral-8x7B-v0.1');

  it('is a sound band whatever is asked', () => {
    let worked = 0;
    fc.assert(
      fc.property(models, setups, (model, setup) => {
        const report = estimateMemory(shapeFromConfig(readModelConfig(model)), setup);
        if ('error' in report) {
          expect(report.error).not.toBe('');
          return;
        }
        worked++;
        const { low, high, terms, verdict, capacity, assumed } = report;
        for (const term of terms) {
          expect(term.low).toBeGreaterThanOrEqual(0);
          expect(term.high).toBeGreaterThanOrEqual(term.low);
          expect(term.basis).not.toBe('');
        }
        const sums = { low: sum(terms, 'low'), high: sum(terms, 'high') };
        const certain = sum(
          terms.filter((term) => term.low === term.high),
          'low',
        );
        expect(low).toBeGreaterThanOrEqual(sums.low - 0.01);
        expect(high).toBeLessThanOrEqual(sums.high + 0.01);
        expect(low).toBeGreaterThanOrEqual(certain - 0.01);
        if (!assumed.some((line) => line.includes('a fifth'))) expect(high).toBeCloseTo(sums.high, 1);
        const readings = terms.filter((term) => term.readings);
        const apart = sum(readings, 'high') - sum(readings, 'low');
        expect(high - low - apart).toBeLessThanOrEqual(0.2 * (sums.high + sums.low) + 0.02);
        if (verdict === 'fits') expect(high).toBeLessThanOrEqual(capacity);
        if (verdict === 'out-of-memory') expect(high).toBeGreaterThan(0.9 * capacity);
        expect(structuredClone(report)).toEqual(report);
      }),
      { numRuns: 400 },
    );
    expect(worked).toBeGreaterThan(60);
  });

  it('never needs more when GPUs are added, the loss is chunked, or states leave', () => {
    fc.assert(
      fc.property(fc.constantFrom(8, 16, 32, 64), fc.constantFrom(1, 2, 4, 8), (gpus, cp) => {
        const setup = { gpus, cp, dp: gpus / cp, ep: 8, context: 16_384 };
        const { low, high } = estimate(BIG, setup);
        const others = [
          estimate(BIG, { ...setup, gpus: gpus * 2, dp: (gpus * 2) / cp }),
          estimate(BIG, { ...setup, chunkedLoss: true }),
          estimate(BIG, { ...setup, offload: 'optimizer' }),
        ];
        for (const other of others) {
          // Beyond one node the runtime is larger by 2 GB, allocator and band included.
          expect(other.high).toBeLessThanOrEqual(high + 3);
          expect(other.low).toBeLessThanOrEqual(low + 3);
        }
      }),
    );
  });

  it('says aloud what was not given, and nothing that was', () => {
    const open = estimate(BIG, { gpus: 64, ep: 64 });
    expect(open.assumed.join(' ')).toMatch(/16 bytes per parameter.*sharded over all ranks.*PyTorch can use 84\.9 GB/);
    expect(open.capacity).toBe(84.933);
    const given = estimate(BIG, {
      framework: 'fsdp2',
      gpus: 64,
      ep: 64,
      context: 16_384,
      batch: 1,
      optimizerBytes: 16,
      dense: 'sharded',
      checkpointing: true,
      chunkedLoss: true,
      imbalance: 1,
      capacityGib: 139,
    });
    const always = /^(Attention kernels|Gradients stay|PyTorch’s allocator)|a fifth/;
    expect(given.assumed.filter((line) => !always.test(line))).toEqual([]);
  });

  it.each([
    ['fsdp2', BIG, { gpus: 64, ep: 64, cp: 8, context: 32_768 }, 14.693, 14.693],
    ['megatron-core', 'Qwen3-30B-A3B', { gpus: 4, ep: 4, context: 8192 }, 17.578, 35.156],
  ])('%s prints what stays of offloaded states of %s exactly', (framework, model, sizes, weights, gradients) => {
    const { low, terms } = estimate(model, { framework, ...sizes, offload: 'optimizer' });
    const ends = (name: string) => terms.filter((term) => term.name === name).map((term) => [term.low, term.high]);
    for (const end of ends('weights').flat()) expect(end).toBeCloseTo(weights, 2);
    for (const end of ends('gradients').flat()) expect(end).toBeCloseTo(gradients, 2);
    expect(low).toBeGreaterThan(weights + gradients);
  });

  it('narrows estimates alone, and says from what', () => {
    const { low, high, terms, assumed } = estimate('Qwen3-30B-A3B', { gpus: 64, dp: 64, ep: 64, context: 16_384 });
    const said = assumed.find((line) => line.includes('a fifth')) ?? '';
    expect(said).toContain(
      `${sum(terms, 'low').toFixed(1)} GB and the high ends to ${sum(terms, 'high').toFixed(1)} GB`,
    );
    expect((high - low) / (high + low)).toBeCloseTo(0.2, 3);
  });

  it.each([
    [
      'megatron-core',
      { offload: 'all' },
      /^Megatron-Core, distributed optimizer cannot offload weights, gradients and optimizer states. Use offload optimizer/,
    ],
    ['torchtitan', { offload: 'optimizer' }, /cannot offload only optimizer states. Use offload all/],
    ['transformers-5', { offload: 'all', gpus: 8, ep: 8 }, /^Offload is a feature of FSDP/],
    ['deepspeed', { offload: 'all', zero: 2, gpus: 8 }, /^offload_param needs ZeRO stage 3, not 2/],
    ['vllm', { offload: 'all' }, /has no offload that is modelled here. Remove the offload option\. --cpu-offload-gb/],
  ] as const)('%s takes no offload that it has not', (framework, setup, error) => {
    const report = estimateMemory(shapeFromConfig(readModelConfig('Qwen3-30B-A3B')), { framework, ...setup });
    expect('error' in report ? report.error : report).toMatch(error);
  });

  it('proposes an offload only where the program has it', () => {
    for (const { id, memory } of MEMORY_PROGRAMS) {
      const report = estimateMemory(big, {
        framework: id,
        gpus: 16,
        ep: id.startsWith('deepspeed') ? 1 : 16,
        context: 16_384,
      });
      const proposed = 'error' in report ? [] : report.changes.map(({ change }) => change);
      if (!memory.offloads.includes('optimizer')) expect(proposed).not.toContain('optimizer states on the host');
      if (!memory.offloads.includes('all'))
        expect(proposed).not.toContain('weights, gradients and optimizer states on the host');
    }
  });

  it('counts latent attention by its own widths, of which tensor parallelism cuts heads alone', () => {
    const { latent, attentionWidth } = shapeFromConfig(readModelConfig('DeepSeek-V3'));
    expect(latent.width).toBe(1536 + 512 + 64);
    expect(latent.parameters).toBe(61 * 7168 * latent.width);
    expect(attentionWidth).toBe(128 * (2 * 192 + 2 * 128));
    expect(shapeFromConfig(readModelConfig('Mixtral-8x7B-v0.1')).latent).toEqual({ width: 0, parameters: 0 });
  });

  it('counts micro batches in flight: most on the first stage', () => {
    const placed = { framework: 'megatron-core', gpus: 16, pp: 2, ep: 8, context: 8192 };
    const saved = (pp: number) =>
      estimate('Qwen3-30B-A3B', { ...placed, pp }).terms.find((term) => term.name === 'saved activations')?.basis;
    expect(saved(2)).toContain('24 layers');
    expect(saved(1)).toContain('48 layers');
  });

  it('serves with data-parallel attention: whole on each rank, with a cache of all key heads', () => {
    const at = (dp: number) =>
      estimate('Qwen3-30B-A3B', { framework: 'sglang', gpus: 8, tp: 8, ep: 8, dp, context: 8192, batch: 64 });
    const of = (dp: number, name: string) => at(dp).terms.find((term) => term.name === name);
    expect(of(8, 'KV cache')?.basis).toContain('98,304 bytes');
    expect(of(1, 'KV cache')?.basis).toContain('24,576 bytes');
    expect(of(8, 'expert weights')?.high).toBe(of(1, 'expert weights')?.high);
    // Attention and embedding whole, the head cut by 8.
    expect(of(8, 'other weights')?.high).toBeCloseTo((2 * (1_541_091_328 - (7 / 8) * 151_936 * 2048)) / 1e9, 2);
  });

  it('counts redundant experts, and says what of multi-token prediction is left out', () => {
    const weights = (redundant: number) =>
      estimate('DeepSeek-V3', { framework: 'sglang', gpus: 32, tp: 32, ep: 32, redundant }).terms.find(
        (term) => term.name === 'expert weights',
      )?.high ?? 0;
    expect(weights(32) / weights(0)).toBeCloseTo(9 / 8, 3);
    const { assumed } = estimate('DeepSeek-V3', { framework: 'sglang', gpus: 32, tp: 32, ep: 32 });
    expect(assumed.join(' ')).toMatch(
      /B parameters of multi-token prediction are not counted: engines load them only for speculative decoding/,
    );
  });

  it('names the term that decides and works out what would change it', () => {
    const report = estimate(BIG, { gpus: 64, dp: 64, ep: 64, context: 16_384 });
    expect(report.verdict).toBe('out-of-memory');
    expect(report.decides).toMatch(
      /^Each GPU has 84.9 GB; the run needs more. The largest terms are (layer in backward|loss|optimizer states)/,
    );
    const [best] = report.changes;
    expect(best?.verdict).toBe('fits');
    for (const { change, high } of report.changes) expect(high, change).toBeLessThan(report.high);
    expect(estimate(BIG, { gpus: 64, dp: 8, cp: 8, ep: 64, context: 16_384, offload: 'all' }).changes).toEqual([]);
  });

  it('puts offloaded states on the host and over PCIe', () => {
    const all = estimate(BIG, { gpus: 64, dp: 8, cp: 8, ep: 64, context: 32_768, offload: 'all' });
    expect(all.offload?.host).toBeCloseTo(58.773, 3);
    expect(all.offload?.up).toBeCloseTo(29.4, 1);
    expect(all.offload?.down).toBeCloseTo(14.7, 1);
    expect(all.low).toBeLessThan(20);
  });

  it.each([
    [{ gpus: 16, dp: 3 }, 'dp × cp × tp = 3 × 1 × 1 = 3 GPUs, but the number of GPUs is set to 16.'],
    [{ gpus: 6, ep: 6 }, 'Global number of experts must be divisible by number of devices: 128 % 6 != 0'],
    [{ gpus: 8, ep: 16 }, 'The number of GPUs, 8, is not divisible by ep 16.'],
    [
      { framework: 'transformers-5', gpus: 6, ep: 6 },
      'Cannot evenly shard 128 experts across 6 expert-parallel ranks.',
    ],
    [
      { framework: 'megatron-core', gpus: 16, tp: 8 },
      'num_query_groups (4) must be a multiple of tensor_model_parallel_size (8).',
    ],
    [
      { framework: 'vllm', dp: 2, tp: 2, ep: 8 },
      'vLLM takes expert parallelism to be data × context × tensor parallelism: 2 × 1 × 2 is not 8.',
    ],
    [{ framework: 'fsdp2', pp: 2 }, 'accelerate does not support pipeline parallelism with FSDP2. Leave pp at 1.'],
    [{ optimizerBytes: 7 }, 'Optimizer bytes per parameter must be one of 6, 8, 10, 12, 16, 18, not 7.'],
    [{ gpus: 0 }, 'gpus must be a whole number from 1, not 0.'],
  ] as const)('refuses %o', (setup, error) => {
    expect(estimateMemory(big, setup)).toEqual({ error });
  });

  it('serves: the cache is cut until a rank has one key head, and not under MLA', () => {
    const cache = (model: string, tp: number) =>
      estimate(model, { framework: 'vllm', tp, context: 32_768, batch: 2 }).terms.find(
        (term) => term.name === 'KV cache',
      )?.high;
    expect(cache(BIG, 4)).toBeCloseTo((2 * 32_768 * 192_512) / 4 / 1e9, 2);
    expect(cache(BIG, 8)).toBe(cache(BIG, 4));
    expect(cache('DeepSeek-V3', 8)).toBe(cache('DeepSeek-V3', 16));
  });
});

describe('throughputOf', () => {
  it.each([
    [16_384, 70, 4, 0.503, 2.01, 133.1, 151.4],
    [32_768, 133, 8, 0.732, 5.86, 133.1, 302.8],
  ])(
    'at %i tokens: %i tokens a second and GPU are counted %i times',
    (context, printed, cp, real, naive, linear, scores) => {
      const at = (tokens: number) => throughputOf(big, { tokensPerStep: tokens, stepSeconds: 1, gpus: 1, context });
      const counted = at(withoutOvercount(printed, cp));
      expect(counted.full * 100).toBeCloseTo(real, 3);
      expect(at(printed).full * 100).toBeCloseTo(naive, 2);
      expect(counted.flopsPerToken.linear / 1e9).toBeCloseTo(linear, 1);
      expect(counted.flopsPerToken.scores / 1e9).toBeCloseTo(scores, 1);
      expect(counted.causal).toBeCloseTo((counted.linear + counted.full) / 2, 12);
    },
  );
});
