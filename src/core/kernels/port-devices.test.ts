import { afterEach, expect, it } from 'vitest';
import { CASES, cpuOf, firstDifferent, noise } from './cases.fixture.ts';
import type { Devices } from './devices.ts';
import { createEngine } from './engine.ts';
import type { GatherSpec } from './gather/cpu.ts';
import { gatherKernel } from './gather/kernel.ts';
import { createPortDevices, serveDevices } from './port-devices.ts';

const spec: GatherSpec = { itemBytes: 2, shape: [600, 512], strides: [1, 600], bases: [0], select: null };
const input = noise(2 * 600 * 512);
const expected = new Uint8Array(input.length);
gatherKernel.cpu(spec, [input], expected);

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A device that computes on the CPU; runs wait for `until`. */
function deviceOf(until: () => Promise<void> = async () => {}) {
  const seen: ArrayBufferLike[] = [];
  const devices: Devices = {
    run: async (kernel, given, inputs, output, { signal } = {}) => {
      seen.push(output.buffer);
      const stopped = new Promise<never>((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
      await Promise.race([until(), stopped]);
      kernel.cpu(given, inputs, output);
      return { failure: null };
    },
    name: () => 'made up',
    ring: () => ({ tileBytes: 4096, depth: 2, rate: 7 }),
    dispose: () => {},
  };
  const connect = () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    serveDevices(devices, port1);
    return createPortDevices(port2);
  };
  return { connect, seen };
}

it('gives what the device made, for every kernel, and leaves the inputs as they were', async () => {
  const devices = deviceOf().connect();
  const wrong: string[] = [];
  for (const cases of Object.values(CASES)) {
    for (const each of cases().slice(0, 4)) {
      const before = each.inputs.map((bytes) => bytes.slice());
      await each.use(async (kernel, given, inputs) => {
        const output = new Uint8Array(kernel.outputBytes(given));
        expect(await devices.run(kernel, given, inputs, output)).toEqual({ failure: null });
        const same = inputs.every((bytes, at) => firstDifferent(bytes, before[at] as Uint8Array) === null);
        if (!same || firstDifferent(output, cpuOf(each)) !== null) wrong.push(each.name);
      });
    }
  }
  expect(wrong).toEqual([]);
  expect([devices.name(), devices.ring()?.rate]).toEqual(['made up', 7]);
});

it('serves several threads, each with its engine, and moves buffers instead of cloning them', async () => {
  const { connect, seen } = deviceOf();
  const engines = [0, 1].map(() => createEngine({ engine: 'webgpu', devices: connect() }));
  for (const engine of engines) {
    for (let run = 0; run < 4; run++) {
      const output = new Uint8Array(input.length);
      await engine.run(gatherKernel, spec, [input], output);
      expect(firstDifferent(output, expected)).toBeNull();
    }
    expect(engine.decisions()).toMatchObject([{ on: 'webgpu', runs: { webgpu: 4 } }]);
    expect(engine.adapter()).toBe('made up');
    engine.dispose();
  }
  // What was sent is gone here: it was moved and not cloned.
  expect(seen.map(({ byteLength }) => byteLength)).toEqual(seen.map(() => 0));
});

it('carries a stop to the device, and throws it here', async () => {
  const devices = deviceOf(() => new Promise(() => {})).connect();
  const abort = new AbortController();
  let waiting = 0;
  const onWaiting = () => {
    waiting++;
  };
  const running = devices.run(gatherKernel, spec, [input], new Uint8Array(input.length), {
    signal: abort.signal,
    onWaiting,
  });
  expect(waiting).toBe(1);
  abort.abort();
  await expect(running).rejects.toMatchObject({ tag: 'cancelled' });
});

it('fails what is under way when the other thread is gone, and the engine turns to the CPU', async () => {
  let stall = false;
  const devices = deviceOf(() => (stall ? new Promise(() => {}) : Promise.resolve())).connect();
  const engine = createEngine({ engine: 'webgpu', devices });
  await engine.run(gatherKernel, spec, [input], new Uint8Array(input.length));
  stall = true;
  const output = new Uint8Array(input.length);
  const running = engine.run(gatherKernel, spec, [input], output);
  await Promise.resolve();
  devices.end('The worker ran out of memory.');
  expect(await running).toBe('cpu');
  expect(firstDifferent(output, expected)).toBeNull();
  expect(engine.decisions()).toMatchObject([{ on: 'cpu', reason: 'The worker ran out of memory.' }]);
});
