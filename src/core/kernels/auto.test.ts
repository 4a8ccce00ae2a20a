import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MIB } from '../units.ts';
import type { Devices } from './devices.ts';
import { createEngine } from './engine.ts';
import type { Kernel } from './kernel.ts';

/** The only clock: runs move it on. */
let clock = 0;
beforeEach(() => {
  clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => vi.restoreAllMocks());

/** Copies a megabyte; so many milliseconds on a thread. */
function kernelOf(ms: () => number): Kernel<null> {
  return {
    name: 'copy',
    op: () => 'a megabyte',
    outputBytes: () => MIB,
    cpu: (_, [input], output) => {
      clock += ms();
      output.set(input as Uint8Array);
    },
    tiles: () => [],
  };
}

/** A device that takes so many milliseconds for a run, and from some run on fails. */
function deviceOf(ms: () => number, failsFrom = Number.POSITIVE_INFINITY): Devices {
  let runs = 0;
  return {
    run: async (_kernel, _spec, [input], output) => {
      if (runs++ >= failsFrom) return { failure: 'The driver is gone.' };
      clock += ms();
      output.set(input as Uint8Array);
      return { failure: null };
    },
    name: () => 'made up',
    ring: () => ({ tileBytes: 4 * MIB, depth: 4, rate: 6.25 }),
    dispose: () => {},
  };
}

const input = new Uint8Array(MIB).fill(3);

async function run(cpu: () => number, devices: Devices, threads: number, runs: number) {
  const engine = createEngine({ engine: 'auto', devices, threads });
  const kernel = kernelOf(cpu);
  for (let each = 0; each < runs; each++) {
    const output = new Uint8Array(MIB);
    await engine.run(kernel, null, [input], output);
    expect(output[MIB - 1]).toBe(3);
  }
  const [decision] = engine.decisions();
  if (!decision) throw new Error('nothing was decided');
  return decision;
}

describe('auto', () => {
  it('compares all threads with the one device at first, and tells what it measured', async () => {
    const [two, three] = [
      await run(
        () => 10,
        deviceOf(() => 4),
        2,
        5,
      ),
      await run(
        () => 10,
        deviceOf(() => 4),
        3,
        5,
      ),
    ];
    expect([two.on, three.on]).toEqual(['webgpu', 'cpu']);
    expect(two).toMatchObject({ cpuRate: expect.closeTo(0.21, 2), gpuRate: expect.closeTo(0.524, 2) });
    expect(two.reason).toBe(
      'Faster: CPU 0.21 GB/s in each of 2 threads, made up 0.52 GB/s with its transfers in 4 tiles of 4 MiB at once, 6.3 GB/s to it and back.',
    );
  });

  it('tries the other way while it goes on, and changes where the whole is faster', async () => {
    const decision = await run(
      () => 10,
      deviceOf(() => 4),
      8,
      300,
    );
    expect(decision.on).toBe('webgpu');
    expect(decision.runs.webgpu).toBeGreaterThan(200);
    expect(decision.reason).toMatch(
      /^Faster: as a whole this thread converts 0\.21 GB\/s with the CPU and 0\.52 GB\/s with the device \(alone: CPU 0\.21 GB\/s in each of 8 threads, made up 0\.52 GB\/s /,
    );
  });

  it('goes back to the CPU when others take the device', async () => {
    let others = 0;
    const decision = await run(
      () => 10,
      deviceOf(() => (others++ < 100 ? 4 : 40)),
      1,
      400,
    );
    expect(decision.on).toBe('cpu');
    expect(decision.runs.cpu).toBeGreaterThan(150);
  });

  it('does not try a device that is far slower', async () => {
    const decision = await run(
      () => 10,
      deviceOf(() => 30),
      1,
      400,
    );
    expect(decision).toMatchObject({ on: 'cpu', runs: { cpu: 400, webgpu: 1 } });
  });

  it('stays on the CPU once a trial fails', async () => {
    const decision = await run(
      () => 10,
      deviceOf(() => 12, 5),
      1,
      300,
    );
    expect(decision).toMatchObject({ on: 'cpu', reason: 'The driver is gone.' });
  });
});
