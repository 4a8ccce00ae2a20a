import { describe, expect, it, vi } from 'vitest';
import { noise } from './cases.fixture.ts';
import { createEngine, type EngineChoice } from './engine.ts';
import type { GatherSpec } from './gather/cpu.ts';
import { gatherKernel } from './gather/kernel.ts';

const spec: GatherSpec = { itemBytes: 2, shape: [512, 600], strides: [1, 512], bases: [0], select: null };
const input = noise(2 * 512 * 600);
const expected = new Uint8Array(input.length);
gatherKernel.cpu(spec, [input], expected);

async function runOn(engine: EngineChoice, gpu: GPU | null) {
  const given = createEngine({ engine, gpu });
  const output = new Uint8Array(input.length);
  await given.run(gatherKernel, spec, [input], output);
  expect(Buffer.compare(output, expected)).toBe(0);
  return given.decisions();
}

describe('an engine without WebGPU', () => {
  it('runs on the CPU because it was chosen', async () => {
    expect(await runOn('cpu', null)).toMatchObject([
      { on: 'cpu', reason: 'The CPU was chosen.', runs: { cpu: 1, webgpu: 0 } },
    ]);
  });

  it.each(['webgpu', 'auto'] as const)('runs %s on the CPU and says that there is no adapter', async (engine) => {
    const none = { requestAdapter: async () => null } as unknown as GPU;
    for (const gpu of [null, none]) {
      expect(await runOn(engine, gpu)).toMatchObject([{ on: 'cpu', reason: 'There is no WebGPU adapter here.' }]);
    }
  });

  it('says what kept a device from opening', async () => {
    const broken = { requestAdapter: async () => Promise.reject(new Error('The driver is broken.')) } as unknown as GPU;
    expect(await runOn('auto', broken)).toMatchObject([{ on: 'cpu', reason: 'The driver is broken.' }]);
  });

  it('does not measure what is too small to tell', async () => {
    const engine = createEngine({ engine: 'auto', gpu: null });
    const small: GatherSpec = { ...spec, shape: [4, 4], strides: [1, 4] };
    await engine.run(gatherKernel, small, [input.subarray(0, 32)], new Uint8Array(32));
    expect(engine.decisions()).toMatchObject([
      { on: 'cpu', cpuRate: null, gpuRate: null, runs: { cpu: 1, webgpu: 0 }, reason: 'Too little work to measure.' },
    ]);
  });

  it('stops before the work when its signal has', async () => {
    const engine = createEngine({ engine: 'cpu' });
    const signal = AbortSignal.abort();
    const running = engine.run(gatherKernel, spec, [input], new Uint8Array(input.length), { signal });
    await expect(running).rejects.toMatchObject({ tag: 'cancelled' });
  });
});

describe('auto', () => {
  it('takes the CPU for numbers that it has to compute in any case, without opening a device', async () => {
    let asked = 0;
    const gpu = { requestAdapter: async () => ++asked } as unknown as GPU;
    const engine = createEngine({ engine: 'auto', gpu, threads: 8 });
    const meanwhile = vi.fn();
    for (let run = 0; run < 3; run++) {
      const output = new Uint8Array(input.length);
      expect(await engine.run(gatherKernel, spec, [input], output, { meanwhile })).toBe('cpu');
      expect(Buffer.compare(output, expected)).toBe(0);
    }
    expect(asked).toBe(0);
    expect(meanwhile).not.toHaveBeenCalled();
    const [decision] = engine.decisions();
    expect(decision).toMatchObject({ on: 'cpu', gpuRate: null, runs: { cpu: 3, webgpu: 0 } });
    expect(decision?.reason).toMatch(
      /^The CPU has to compute these numbers in any case, to prove those of a device: \d+\.\d\d GB\/s in each of 8 threads\.$/,
    );
  });
});
