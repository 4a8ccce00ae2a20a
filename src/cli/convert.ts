import type { Command } from 'commander';
import {
  type ConversionPlan,
  type ConversionReport,
  detectLayout,
  formatBytes,
  formatInteger,
  LoomError,
  modelCard,
  planWithValues,
  plural,
  runPlan,
  writeText,
} from '../core/index.ts';
import { createFolderSink } from '../core/sink/folder.node.ts';
import { assumption, interruptSignal, parseTarget, print, printJson } from './common.ts';
import { type PlanFlags, planOptions, withPlanFlags } from './plan.ts';
import { createProgressLine } from './progress.ts';
import { openCheckpointAt, SOURCE_HELP } from './source.ts';

interface ConvertFlags extends PlanFlags {
  readonly out: string;
  readonly card?: boolean;
}

/** `moe-loom convert <source> --to <target> --out <folder>`. */
export function addConvert(program: Command): void {
  const command = program
    .command('convert')
    .description('convert a checkpoint and prove the result')
    .argument('<source>', SOURCE_HELP);
  withPlanFlags(command)
    .requiredOption('--out <folder>', 'where to write; empty or absent')
    .option('--card', 'write a README.md: what changed, who loads it, how it was proven')
    .action(async (source: string, flags: ConvertFlags) => {
      const target = parseTarget(flags.to);
      const options = planOptions(flags);
      const signal = interruptSignal();
      const { files, path, checkpoint, origin } = await openCheckpointAt(source, flags, signal);
      const plan = await planWithValues(checkpoint, files, target, { ...options, signal });
      if (plan.refusals.length > 0) throw refused(plan);
      const sink = await createFolderSink(flags.out, path ?? undefined);
      const line = createProgressLine(flags.quiet === true);
      const report = await runPlan(plan, { files, sink, signal, onProgress: line.update }).finally(line.end);
      if (flags.card) {
        const layout = detectLayout(checkpoint, assumption(flags));
        const facts = {
          plan,
          layout,
          config: checkpoint.config,
          source: origin,
          proof: report.verified,
          ...assumption(flags),
        };
        await writeText(sink, 'README.md', modelCard(facts), signal);
      }
      if (flags.json) printJson(convertJson(sink.identity, report));
      else print(describeReport(sink.identity, report));
    });
}

function refused(plan: ConversionPlan): LoomError {
  const messages = [...new Set(plan.refusals.map((refusal) => refusal.message))];
  return new LoomError(
    'not-convertible',
    messages.slice(0, 3).join(' ') + (messages.length > 3 ? ` … and ${messages.length - 3} more reasons.` : ''),
  );
}

/** What `convert --json` prints: a contract. */
export function convertJson(out: string, report: ConversionReport) {
  const { equal, tensors, bytes } = report.verified;
  return {
    out,
    tensors: report.tensors,
    bytes: report.bytes,
    shards: report.shards,
    partial: report.scope === 'partial',
    skipped: report.skipped.map((skipped) => skipped.file),
    verified: { equal, tensors, bytes },
  };
}

export function describeReport(out: string, report: ConversionReport): string[] {
  const scope = report.scope === 'whole' ? '' : ` (${report.scope}: layers ${report.layers?.join(', ')})`;
  return [
    `Wrote ${plural(report.tensors, 'tensor')}, ${formatBytes(report.bytes)}, in ${plural(report.shards.length, 'shard')} to ${out}${scope}.`,
    `Proven: ${plural(report.verified.tensors, 'tensor')}, ${formatInteger(report.verified.bytes)} bytes, all equal (read back from the output and compared with the source).`,
    ...report.configChanges.map(
      (change) => `config.json: ${change.key} = ${JSON.stringify(change.after)} (${change.reason.replace(/\.$/, '')}).`,
    ),
    ...report.skipped.map((skipped) => `Left out: ${skipped.file} (${skipped.reason}).`),
  ];
}
