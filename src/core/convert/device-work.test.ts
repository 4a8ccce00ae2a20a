import { expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { createEngine, type Engine, type EngineChoice } from '../kernels/engine.ts';
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
  return { engine: { ...cpu, choice, run } as Engine, events };
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
