/**
 * Converts quantised checkpoints with `--dtype bf16` on a graphics device through Dawn, as a browser would: the same plan
 * and run, the engine `webgpu`, `navigator.gpu` from the npm package. Prints one JSON line a checkpoint: whether its
 * tensors are the CPU engine's and those of the same checkpoint as it was never quantised, and what ran where.
 *
 *     npm install --no-save webgpu && npx tsx bench/kernels/unpack.ts [--rows 768] [--columns 1024]
 */
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/core/checkpoint/open.ts';
import { runPlan } from '../../src/core/convert/run.ts';
import type { EngineChoice } from '../../src/core/kernels/engine.ts';
import { planConversion } from '../../src/core/plan/conversion.ts';
import type { Target } from '../../src/core/plan/types.ts';
import { fp8Checkpoints, gptOss } from '../../src/core/plan/unpack.fixture.ts';
import { createMemorySink } from '../../src/core/sink/memory.ts';
import type { FileSet } from '../../src/core/source/types.ts';
import { requireDawn } from './dawn.ts';

const { values: flags } = parseArgs({
  options: { rows: { type: 'string', default: '768' }, columns: { type: 'string', default: '1024' } },
});
const ROWS = Number(flags.rows);
const COLUMNS = Number(flags.columns);

interface Sources {
  readonly packed: FileSet;
  readonly plain: FileSet;
}

/** Blocks that divide the matrices, blocks cut off at their edges, and MXFP4, whose matrices are turned. */
const SOURCES: Readonly<Record<string, () => Sources>> = {
  'FP8 e4m3': () => fp8Checkpoints(ROWS, COLUMNS, 'e4m3', 128),
  'FP8 e5m2': () => fp8Checkpoints(ROWS, COLUMNS, 'e5m2', 128),
  'FP8 e4m3, cut blocks': () => fp8Checkpoints(ROWS - 24, COLUMNS + 8, 'e4m3', 128),
  MXFP4: () => gptOss(3, ROWS / 2, COLUMNS),
};

async function convert(files: FileSet, target: Target, engine: EngineChoice, unpack: boolean) {
  const sink = createMemorySink();
  const plan = planConversion(await openCheckpoint(files), target, unpack ? { dtype: 'bf16' } : {});
  const report = await runPlan(plan, { files, sink, engine });
  return { shards: plan.shards.map(({ file }) => sink.written.get(file) as Uint8Array), report };
}

const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]) =>
  a.length === b.length && a.every((bytes, i) => Buffer.compare(bytes, b[i] as Uint8Array) === 0);

async function measure(name: string, { packed, plain }: Sources, adapter: string): Promise<boolean> {
  const onDevice = await convert(packed, 'gate-up', 'webgpu', true);
  const onCpu = await convert(packed, 'gate-up', 'cpu', true);
  const never = await convert(plain, 'gate-up', 'cpu', false);
  const { decisions } = onDevice.report.engine;
  const result = {
    bench: 'unpack',
    adapter,
    source: name,
    unpacked: onDevice.report.unpacked,
    bytes: onDevice.report.bytes,
    proven: onDevice.report.verified,
    equal_to_cpu: same(onDevice.shards, onCpu.shards),
    equal_to_never_quantised: same(onDevice.shards, never.shards),
    ran: decisions.map(({ kernel, op, on, runs, reason }) => ({ kernel, op, on, runs, reason })),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  const device = decisions.some(
    ({ kernel, on, runs }) => ['dequantise', 'unpack'].includes(kernel) && on === 'webgpu' && runs.webgpu > 0,
  );
  return result.equal_to_cpu && result.equal_to_never_quantised && device;
}

async function main(): Promise<void> {
  const dawn = await requireDawn();
  if (!dawn) return;
  dawn.device.destroy();
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: dawn.gpu }, configurable: true });
  for (const [name, make] of Object.entries(SOURCES))
    if (!(await measure(name, make(), dawn.name))) process.exitCode = 1;
}

await main();
