/**
 * A conversion with stages left out, to measure what they cost: `partial.ts <stage> <source> <out> <target>`. Stage
 * `read-back`: nothing is proven; `flush`: that neither, and nothing is waited for to be on the disk.
 */
import { open, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { DEFAULT_BUDGET_BYTES } from '../../src/core/budget.ts';
import { openCheckpoint } from '../../src/core/checkpoint/open.ts';
import { openFolderOutput } from '../../src/core/convert/output.node.ts';
import { runnersFitting } from '../../src/core/convert/remote.ts';
import { runPlan } from '../../src/core/convert/run.ts';
import {
  createLocalRunners,
  type LocalRunnerOptions,
  type ShardRunners,
  whole,
} from '../../src/core/convert/runners.ts';
import { createThreadRunners, serveShards, type ThreadSetup } from '../../src/core/convert/threads.node.ts';
import { writeShard } from '../../src/core/convert/write-shard.ts';
import { createEngine } from '../../src/core/kernels/engine.ts';
import { openOnce } from '../../src/core/open-once.ts';
import { planConversion } from '../../src/core/plan/conversion.ts';
import { isTarget } from '../../src/core/plan/targets.ts';
import { writeFully } from '../../src/core/sink/folder-file.node.ts';
import type { SinkFile } from '../../src/core/sink/types.ts';
import { openLocal } from '../../src/core/source/folder.node.ts';

/** Which stage threads leave out comes with their arguments: the set-up is a conversion's own. */
const [stage = '', from = '', out = '', target = ''] = process.argv.slice(2);

/** A file that is renamed without waiting for the disk. */
async function createUnflushed(name: string): Promise<SinkFile> {
  const temporary = join(out, `.${name}`);
  const handle = await open(temporary, 'w');
  return {
    name,
    write: (bytes, offset) => writeFully(handle, bytes, offset, name),
    commit: async () => {
      await handle.close();
      await rename(temporary, join(out, name));
    },
    abort: async () => {
      await handle.close();
      await rm(temporary, { force: true });
    },
  };
}

/** Runners whose shards count as proven unseen. */
function createUnproven(options: LocalRunnerOptions): ShardRunners {
  const { files, budget } = options;
  const sink = stage === 'flush' ? { create: createUnflushed } : options.sink;
  const engine = createEngine({ engine: 'cpu' });
  const sources = openOnce((name) => files.open(name));
  return {
    ...createLocalRunners(options),
    make: async (shard, { signal, onPhase, onWritten }) => {
      onPhase('write');
      const { digests } = await whole(sink, shard, { signal }, (file) =>
        writeShard({ shard, file, open: sources.open, budget, engine, signal, onBytes: onWritten }),
      );
      const seen = { key: '', byteLength: shard.byteLength, firm: false };
      return { made: { file: shard.file, digests: [...digests] }, seen };
    },
  };
}

async function run(): Promise<void> {
  if (!isTarget(target)) throw new TypeError(`${target} is no target`);
  const files = await openLocal(from);
  const plan = planConversion(await openCheckpoint(files), target);
  const { sink, journal } = await openFolderOutput(out, plan, files, { source: from, unfinished: 'refuse' });
  const count = runnersFitting(availableParallelism(), DEFAULT_BUDGET_BYTES, plan.shards.length);
  const setup = { source: from, out, budgetBytes: Math.floor(DEFAULT_BUDGET_BYTES / count), engine: 'cpu' as const };
  await runPlan(plan, { files, sink, journal, runners: createThreadRunners(new URL(import.meta.url), setup, count) });
}

if (isMainThread) await run();
else if (parentPort) await serveShards(parentPort, (workerData as { setup: ThreadSetup }).setup, [], createUnproven);
