import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import {
  describePlan,
  inspectCheckpoint,
  LoomError,
  openCheckpoint,
  planConversion,
  runPlan,
  verifyCheckpoints,
} from '../core/index.ts';
import { createFolderSink } from '../core/sink/folder.node.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { interruptSignal, print } from './common.ts';
import { describeReport } from './convert.ts';
import { describeInspection } from './inspect.ts';
import { describeVerification } from './verify.ts';

/** Where the sample is: beside the app that is built with the program, or in the sources. */
const PLACES = ['../app/samples/tiny-qwen3-moe', '../../public/samples/tiny-qwen3-moe'];

/** @throws LoomError `path-not-found` where the program is one file without its package. */
function samplePath(): string {
  const found = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
  if (found) return found;
  throw new LoomError(
    'path-not-found',
    'The bundled sample is part of the npm package, and this program was installed without it. Run `npx moe-loom sample`, or give another command a checkpoint.',
  );
}

/** `moe-loom sample`: the main job on the bundled sample, in a temporary folder that is removed afterwards. */
export function addSample(program: Command): void {
  program
    .command('sample')
    .description('inspect, convert and verify the bundled sample')
    .action(async () => {
      const sample = samplePath();
      const signal = interruptSignal();
      const folder = await mkdtemp(join(tmpdir(), 'moe-loom-sample-'));
      try {
        const files = await openLocal(sample);
        const checkpoint = await openCheckpoint(files, { signal });
        print(['Inspect', ...describeInspection(inspectCheckpoint(checkpoint)), '']);
        for (const target of ['stacked', 'gate-up'] as const) {
          const plan = planConversion(checkpoint, target);
          print([`Convert to ${target}`, ...describePlan(plan)]);
          const sink = await createFolderSink(join(folder, target), sample);
          print(describeReport(sink.identity, await runPlan(plan, { files, sink, signal })));
          const converted = { files: sink.files(), checkpoint: await openCheckpoint(sink.files(), { signal }) };
          print([...describeVerification(await verifyCheckpoints({ files, checkpoint }, converted, { signal })), '']);
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}
