import { afterEach, expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { createHelpers, serveHelper } from '../kernels/crew.ts';
import type { Devices } from '../kernels/devices.ts';
import { createEngine, type Engine, type EngineChoice } from '../kernels/engine.ts';
import { createPortDevices, serveDevices } from '../kernels/port-devices.ts';
import { planConversion } from '../plan/conversion.ts';
import { partBytes } from '../plan/parts.ts';
import type { OutputShard } from '../plan/types.ts';
import { fp8Checkpoints } from '../plan/unpack.fixture.ts';
import { createMemorySink } from '../sink/memory.ts';
import type { FileSet } from '../source/types.ts';
import { KIB } from '../units.ts';
import { scheduleShard } from './schedule.ts';
import { writeShard } from './write-shard.ts';

const checkpointOf = (rows: number, columns: number) => fp8Checkpoints(rows, columns, 'e4m3', 16).packed;

async function firstShard(files: FileSet): Promise<OutputShard> {
  const plan = planConversion(await openCheckpoint(files), 'gate-up-transposed', { dtype: 'bf16' });
  const [shard] = plan.shards;
  if (!shard) throw new Error('no shard');
  return shard;
}

/** A device that makes the CPU's bytes; `answer` decides when a run is over. */
function deviceEngine(choice: EngineChoice, answer: (run: number) => Promise<void>) {
  const cpu = createEngine({ engine: 'cpu' });
  const events: string[] = [];
  let runs = 0;
  const run: Engine['run'] = async (kernel, spec, inputs, output, { meanwhile } = {}) => {
    const number = runs++;
    events.push(`run ${number}`);
    meanwhile?.();
    await answer(number);
    kernel.cpu(spec, inputs, output);
    events.push(`made ${number}`);
    return 'webgpu';
  };
  return { engine: { ...cpu, choice, overlaps: true, run } as Engine, events };
}

/** Gives the most bytes of buffers that were out at once. */
async function write(engine: Engine, packed: FileSet, shard: OutputShard): Promise<number> {
  const file = await createMemorySink().create(shard.file, shard.byteLength);
  const open: FileSet['open'] = (name) => packed.open(name);
  // Eight units fit: each has the smallest size.
  const budget = createBudget(8 * UNIT_BYTES);
  await writeShard({ shard, file, budget, engine, signal: undefined, open, onBytes: () => {} });
  return budget.peak;
}

const UNIT_BYTES = 64 * KIB;

it.each([
  ['a whole unit', 64, 48],
  ['a unit and of the next', 192, 136],
])('gives a device the work of %s before it has answered', async (_, rows, columns) => {
  const packed = checkpointOf(rows, columns);
  const shard = await firstShard(packed);
  const units = scheduleShard(shard, { unitBytes: UNIT_BYTES, gap: UNIT_BYTES });
  const counts = units.map(({ items }) => items.filter(({ kind }) => kind === 'compute').length);
  const together = (counts[0] ?? 0) + (counts[1] ?? 0);
  expect(together).toBeGreaterThan(1);
  let release = () => {};
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { engine, events } = deviceEngine('webgpu', async (run) => {
    // The first run is answered only once all of these are under way: one after another would never end.
    if (run === together - 1) release();
    await all;
  });
  await write(engine, packed, shard);
  expect(events.slice(0, together)).toEqual(Array.from({ length: together }, (_, run) => `run ${run}`));
  const runs = counts.reduce((sum, count) => sum + count, 0);
  expect(events.filter((event) => event.startsWith('made'))).toHaveLength(runs);
});

it('stops the twins that are under way when a run of a device fails, and throws its error', async () => {
  const { engine } = deviceEngine('auto', async (run) => {
    if (run === 2) throw new Error('The driver crashed.');
  });
  const packed = checkpointOf(64, 48);
  await expect(write(engine, packed, await firstShard(packed))).rejects.toThrow('The driver crashed.');
});

it('takes room for twins only where a device makes the numbers', async () => {
  const packed = checkpointOf(64, 48);
  const shard = await firstShard(packed);
  const peak = (engine: Engine) => write(engine, packed, shard);
  const onCpu = await peak(createEngine({ engine: 'cpu' }));
  expect(await peak(createEngine({ engine: 'auto', gpu: null }))).toBe(onCpu);
  const numbers = shard.tensors
    .flatMap(({ parts }) => parts)
    .reduce((sum, part) => sum + (part.kind === 'dequantise' ? partBytes(part) : 0), 0);
  const { engine } = deviceEngine('webgpu', async () => {});
  expect(await peak(engine)).toBe(onCpu + numbers);
});

/** A device, and helpers, that compute on the CPU in this thread, behind ports as other threads are. */
function behindPorts(helping: number) {
  const connect = (serve: (port: MessagePort) => void) => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    serve(port1);
    return port2;
  };
  const device: Devices = {
    run: async (kernel, spec, inputs, output) => {
      kernel.cpu(spec, inputs, output);
      return { failure: null };
    },
    name: () => 'made up',
    ring: () => null,
    dispose: () => {},
  };
  const devices = createPortDevices(connect((port) => serveDevices(device, port)));
  const helpers = createHelpers(Array.from({ length: helping }, () => connect(serveHelper)));
  return { devices, helpers };
}

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

it.each(['cpu', 'webgpu', 'auto'] as const)(
  'gives the same shard with helpers and a device behind ports: %s',
  async (choice) => {
    const packed = checkpointOf(192, 136);
    const shard = await firstShard(packed);
    const written = async (engine: Engine) => {
      const sink = createMemorySink();
      const file = await sink.create(shard.file, shard.byteLength);
      const budget = createBudget(8 * UNIT_BYTES);
      const opening: FileSet['open'] = (name) => packed.open(name);
      const evidence = await writeShard({
        shard,
        file,
        budget,
        engine,
        signal: undefined,
        open: opening,
        onBytes: () => {},
      });
      await file.commit();
      const source = await sink.files().open(shard.file);
      return { evidence, bytes: await source.read({ start: 0, end: source.byteLength }) };
    };
    const plain = await written(createEngine({ engine: 'cpu' }));
    const { devices, helpers } = behindPorts(2);
    const engine = createEngine({ engine: choice, threads: 2, devices, helpers });
    const helped = await written(engine);
    expect(helped.evidence).toEqual(plain.evidence);
    expect(Buffer.compare(helped.bytes, plain.bytes)).toBe(0);
    const ran = engine.decisions().reduce((sum, { runs }) => sum + runs.webgpu, 0);
    expect(ran > 1).toBe(choice === 'webgpu');
  },
);
