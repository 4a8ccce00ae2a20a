import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import {
  describePlan,
  inspectCheckpoint,
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

/** The sample lies beside the built program, in `public/` of the package. */
const SAMPLE = fileURLToPath(new URL('../../public/samples/tiny-qwen3-moe', import.meta.url));

/** `moe-loom sample`: the main job on the bundled sample, in a temporary folder that is removed afterwards. */
export function addSample(program: Command): void {
  program
    .command('sample')
    .description('inspect, convert and verify the bundled sample')
    .action(async () => {
      const signal = interruptSignal();
      const folder = await mkdtemp(join(tmpdir(), 'moe-loom-sample-'));
      try {
        const files = await openLocal(SAMPLE);
        const checkpoint = await openCheckpoint(files, { signal });
        print(['Inspect', ...describeInspection(inspectCheckpoint(checkpoint)), '']);
        for (const target of ['stacked', 'gate-up'] as const) {
          const plan = planConversion(checkpoint, target);
          print([`Convert to ${target}`, ...describePlan(plan)]);
          const sink = await createFolderSink(join(folder, target), SAMPLE);
          print(describeReport(sink.identity, await runPlan(plan, { files, sink, signal })));
          const converted = { files: sink.files(), checkpoint: await openCheckpoint(sink.files(), { signal }) };
          print([...describeVerification(await verifyCheckpoints({ files, checkpoint }, converted, { signal })), '']);
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
}
