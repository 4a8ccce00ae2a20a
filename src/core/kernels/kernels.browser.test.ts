import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CASES, type Case, cpuOf, firstDifferent } from './cases.fixture.ts';
import { type Gpu, openGpu } from './device.ts';
import { runTiles } from './run-tiles.ts';

let gpu: Gpu;

async function open(): Promise<Gpu> {
  const opened = await openGpu(navigator.gpu);
  if (!opened) throw new Error('This browser gives no WebGPU adapter; the kernels cannot be tested without one.');
  return opened;
}

beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

function gpuOf(each: Case, device: Gpu): Promise<Uint8Array> {
  return each.use(async (kernel, spec, inputs) => {
    const tiles = kernel.tiles(spec, device.limits);
    if (!tiles) throw new Error(`${each.name} has no GPU form`);
    const output = new Uint8Array(kernel.outputBytes(spec)).fill(0xa5);
    await runTiles(device, tiles, inputs, output);
    return output;
  });
}

/** A software device compiles some 60 forms of the gather, seconds each where it shares its cores. */
const LONG = { timeout: 300_000 };

describe.each(Object.entries(CASES))('%s on WebGPU', (_, cases) => {
  it('gives its CPU form’s bytes over every code point, size and address', LONG, async () => {
    const wrong: string[] = [];
    for (const each of cases()) {
      const at = firstDifferent(await gpuOf(each, gpu), cpuOf(each));
      if (at !== null) wrong.push(`${each.name}: byte ${at}`);
    }
    expect(wrong).toEqual([]);
  });

  it('gives the same bytes in many small tiles', LONG, async () => {
    const wrong: string[] = [];
    const narrow = { ...gpu, limits: { tileBytes: 16_384 } };
    for (const each of cases().filter(({ inputs }) => (inputs[0]?.length ?? 0) < 70_000)) {
      const at = firstDifferent(await gpuOf(each, narrow), cpuOf(each));
      if (at !== null) wrong.push(`${each.name}: byte ${at}`);
    }
    expect(wrong).toEqual([]);
  });
});
