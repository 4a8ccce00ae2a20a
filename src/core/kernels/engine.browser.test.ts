import { afterEach, describe, expect, it } from 'vitest';
import { bytesOfWords, firstDifferent, noise, weights } from './cases.fixture.ts';
import { MAP, USAGE } from './device.ts';
import { createEngine, type Engine } from './engine.ts';
import type { GatherSpec } from './gather/cpu.ts';
import { gatherKernel } from './gather/kernel.ts';
import type { Kernel } from './kernel.ts';
import { buildShader } from './shader.ts';
import { statisticsKernel } from './statistics/kernel.ts';

/** The browser's WebGPU, its devices kept so that a test can destroy them. */
function watchedGpu(onDevice: (device: GPUDevice) => void = () => {}) {
  const devices: GPUDevice[] = [];
  const gpu = {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await navigator.gpu.requestAdapter(options);
      if (!adapter) throw new Error('This browser gives no WebGPU adapter; the engine cannot be tested without one.');
      const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(descriptor);
        devices.push(device);
        onDevice(device);
        return device;
      };
      return { limits: adapter.limits, info: adapter.info, requestDevice };
    },
  };
  return { gpu: gpu as unknown as GPU, devices };
}

const ROWS = 512;
const COLUMNS = 384;
// Every test has devices of its own, and a software device compiles this form in a sixth of the time of smaller items'.
const spec: GatherSpec = { itemBytes: 4, shape: [COLUMNS, ROWS], strides: [1, COLUMNS], bases: [0], select: null };
const input = noise(4 * ROWS * COLUMNS, 3);
const expected = new Uint8Array(input.length);
gatherKernel.cpu(spec, [input], expected);

const engines: Engine[] = [];
function engineWith(...options: Parameters<typeof createEngine>): Engine {
  const engine = createEngine(...options);
  engines.push(engine);
  return engine;
}
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

async function transposed(engine: Engine): Promise<Uint8Array> {
  const output = new Uint8Array(input.length);
  await engine.run(gatherKernel, spec, [input], output);
  return output;
}

describe('an engine', { timeout: 60_000 }, () => {
  it.each(['cpu', 'webgpu', 'auto'] as const)('gives the same bytes on %s, and says where it ran', async (choice) => {
    const engine = engineWith({ engine: choice });
    for (let run = 0; run < 3; run++) expect(firstDifferent(await transposed(engine), expected)).toBeNull();
    const [decision] = engine.decisions();
    expect(decision?.reason).not.toBe('');
    expect((decision?.runs.cpu ?? 0) + (decision?.runs.webgpu ?? 0)).toBeGreaterThanOrEqual(3);
    if (choice === 'webgpu') expect(decision).toMatchObject({ on: 'webgpu', kernel: 'gather', op: 'transposed, 4 B' });
    if (choice !== 'auto') return;
    const [onCpu, onGpu] = [decision?.cpuRate ?? 0, decision?.gpuRate ?? 0];
    expect(Math.min(onCpu, onGpu)).toBeGreaterThan(0);
    expect(decision).toMatchObject({
      on: onGpu > onCpu ? 'webgpu' : 'cpu',
      reason: expect.stringMatching(/^Faster: /),
    });
  });

  it('does work again on a new device when its own is destroyed before or during a run', async () => {
    const { gpu, devices } = watchedGpu();
    const engine = engineWith({ engine: 'webgpu', gpu, tileBytes: 64 * 1024 });
    await transposed(engine);
    const during = transposed(engine);
    devices[0]?.destroy();
    expect(firstDifferent(await during, expected)).toBeNull();
    expect(firstDifferent(await transposed(engine), expected)).toBeNull();
    expect(devices).toHaveLength(2);
    expect(engine.decisions()[0]).toMatchObject({ on: 'webgpu' });
  });

  it('turns to the CPU when the new device is lost too, with the same bytes', async () => {
    const { gpu, devices } = watchedGpu();
    const engine = engineWith({ engine: 'webgpu', gpu });
    await transposed(engine);
    devices[0]?.destroy();
    await transposed(engine);
    devices[1]?.destroy();
    expect(firstDifferent(await transposed(engine), expected)).toBeNull();
    expect(engine.decisions()[0]).toMatchObject({ on: 'cpu', reason: 'The graphics device was lost twice.' });
    expect(devices).toHaveLength(2);
  });

  it('redoes every run that a lost device had under way', async () => {
    const { gpu, devices } = watchedGpu();
    const engine = engineWith({ engine: 'webgpu', gpu, tileBytes: 64 * 1024 });
    await transposed(engine);
    const data = weights('BF16', 200_000, 8);
    const given = { dtype: 'BF16', segments: 1, count: 200_000 } as const;
    const records = () => new Uint8Array(statisticsKernel.outputBytes(given));
    const [onCpu, onGpu] = [records(), records()];
    statisticsKernel.cpu(given, [data], onCpu);
    await engine.run(statisticsKernel, given, [data], onGpu);
    onGpu.fill(0);
    const all = [transposed(engine), transposed(engine), engine.run(statisticsKernel, given, [data], onGpu)];
    devices[0]?.destroy();
    const [first, second] = await Promise.all(all);
    expect([first, second].map((bytes) => firstDifferent(bytes as Uint8Array, expected))).toEqual([null, null]);
    expect(firstDifferent(onGpu, onCpu)).toBeNull();
    expect(engine.decisions().map(({ on }) => on)).toEqual(['webgpu', 'webgpu']);
  });

  it('uses few buffers again and again, and has the next tiles under way while one is read back', async () => {
    const made: GPUBufferUsageFlags[] = [];
    const events: string[] = [];
    const { gpu } = watchedGpu((device) => {
      const [createBuffer, { queue }] = [device.createBuffer.bind(device), device];
      const submit = queue.submit.bind(queue);
      device.createBuffer = (descriptor) => {
        const buffer = createBuffer(descriptor);
        made.push(descriptor.usage);
        if (descriptor.usage & USAGE.mapWrite) expect(buffer.mapState).toBe('mapped');
        const mapAsync = buffer.mapAsync.bind(buffer);
        buffer.mapAsync = async (mode, ...range) => {
          await mapAsync(mode, ...range);
          if (mode === MAP.read) events.push('read back');
        };
        return buffer;
      };
      queue.submit = (commands) => {
        events.push('submit');
        submit(commands);
      };
    });
    const engine = engineWith({ engine: 'webgpu', gpu, tileBytes: 64 * 1024 });
    await transposed(engine);
    events.length = 0;
    const before = made.length;
    expect(firstDifferent(await transposed(engine), expected)).toBeNull();
    const tiles = [...(gatherKernel.tiles(spec, { tileBytes: 64 * 1024 }) ?? [])].length;
    expect(tiles).toBeGreaterThan(10);
    expect(events.filter((event) => event === 'submit')).toHaveLength(tiles);
    expect(events.slice(0, 2)).toEqual(['submit', 'submit']);
    expect(made.length - before).toBeLessThan(tiles / 2);
    // Uploads, storage on both sides, results, parameters: of each no more than three tiles need, and pools keep four.
    expect(made.length).toBeLessThan(5 * 8);
  });

  it('does not believe a device whose bytes differ, or whose shader fails', async () => {
    const wrong = (main: string): Kernel<null> => ({
      name: 'wrong',
      op: () => main,
      outputBytes: () => 16,
      cpu: (_, [bytes], output) => output.set((bytes as Uint8Array).subarray(0, 16)),
      tiles: () => [
        {
          shader: buildShader({ key: main, params: ['one'], inputs: ['u32'], output: 'u32', main }),
          params: Uint32Array.from([1]),
          uploads: [{ input: 0, start: 0, end: 16 }],
          groups: 1,
          outputBytes: 16,
          place: { at: 0, runBytes: 16, dims: [] },
        },
      ],
    });
    const bytes = bytesOfWords(Uint32Array.from([1, 2, 3, 4]));
    const run = async (main: string) => {
      const engine = engineWith({ engine: 'webgpu' });
      const output = new Uint8Array(16);
      await engine.run(wrong(main), null, [bytes], output);
      expect(firstDifferent(output, bytes)).toBeNull();
      return engine.decisions()[0];
    };
    const off = 'if (thread < 4u) { result[thread] = in0[thread] + p.one; }';
    expect(await run(off)).toMatchObject({ on: 'cpu', reason: 'The graphics device gave other bytes than the CPU.' });
    expect((await run('this is no WGSL'))?.on).toBe('cpu');
  });

  it('stops when its signal does', async () => {
    const engine = engineWith({ engine: 'webgpu', tileBytes: 16 * 1024 });
    await transposed(engine);
    const abort = new AbortController();
    const output = new Uint8Array(input.length);
    const running = engine.run(gatherKernel, spec, [input], output, { signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ tag: 'cancelled' });
  });
});
