import type { Command } from 'commander';
import { jobOf } from '../core/convert/parts/job.node.ts';
import { joinParts } from '../core/convert/parts/join.node.ts';
import { openPartPlace } from '../core/convert/parts/place.node.ts';
import { readPlanFile } from '../core/convert/plan-file/read.node.ts';
import { createNodeDigest } from '../core/convert/sha256.node.ts';
import { interruptSignal, type OutputOptions, print, printJson, withOutput } from './common.ts';
import { convertJson, describeReport } from './convert.ts';
import { openPlanned } from './planned-source.ts';
import { type SourceFlags, withSource } from './source.ts';

interface JoinFlags extends OutputOptions, SourceFlags {
  readonly source?: string;
  readonly readBack?: boolean;
}

/** `moe-loom join <plan> <folder>`: ends a conversion whose shards were made in parts. */
export function addJoin(program: Command): void {
  withSource(
    withOutput(
      program
        .command('join')
        .description('end a conversion that was made in parts: write the index, the config and the files beside them')
        .argument('<plan>', 'the plan file that the parts were made with')
        .argument('<folder>', 'the output folder of the parts'),
    ),
  )
    .option('--source <source>', 'where the source lies on this machine')
    .option('--read-back', 'read every byte of every shard again, and compare it with what was read from the source')
    .action(async (plan: string, folder: string, flags: JoinFlags) => {
      const signal = interruptSignal();
      const planFile = await readPlanFile(plan);
      const { files, path } = await openPlanned(planFile, flags, signal);
      const job = jobOf(process.env);
      const place = await openPartPlace(folder, planFile, {
        source: path ?? undefined,
        part: 'join',
        job,
        begins: false,
      });
      try {
        const { report, before } = await joinParts(planFile, {
          ...{ place, files, signal, streamDigest: createNodeDigest },
          readBack: flags.readBack,
        });
        const { root } = place;
        if (flags.json) printJson({ plan: planFile.hash, joinedBefore: before, ...convertJson(root, report) });
        else print([...(before ? [`${root} had been joined before.`] : []), ...describeReport(root, report)]);
      } finally {
        place.close();
      }
    });
}
