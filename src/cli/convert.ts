import type { Command } from 'commander';
import { openFolderJournal } from '../core/convert/journal.node.ts';
import { type FolderOutput, openFolderOutput } from '../core/convert/output.node.ts';
import { createNodeDigest, sha256File } from '../core/convert/sha256.node.ts';
import {
  type Checkpoint,
  type ConversionPlan,
  type ConversionReport,
  cardPictures,
  DEFAULT_BUDGET_BYTES,
  describeConfigChange,
  describeSourceHashes,
  detectLayout,
  ENGINES,
  type FileSet,
  formatBytes,
  formatInteger,
  isEngineChoice,
  type Journal,
  LoomError,
  MIB,
  modelCard,
  parseSize,
  planWithValues,
  plural,
  runPlan,
  shellWord,
} from '../core/index.ts';
import { withChoices } from './choices.ts';
import { interruptSignal, print, printJson } from './common.ts';
import { convertPart, type PartFlags, withPartFlags } from './convert-part.ts';
import { unreadBehind } from './damage.ts';
import { PROGRAM_NAME } from './name.ts';
import { type PlanFlags, planOptions, withPlanFlags } from './plan.ts';
import { createProgressLine } from './progress.ts';
import { openAssuming } from './reading.ts';
import { runnersFor, type WorkOptions } from './runners.ts';
import { SOURCE_HELP } from './source.ts';
import { parseTargetFlags, targetOf } from './target.ts';
import { tell } from './terminal.ts';

interface ConvertFlags extends PlanFlags, PartFlags {
  readonly out: string;
  readonly card?: boolean;
  readonly picture?: boolean;
  readonly engine?: string;
  readonly memory?: string;
  readonly threads?: string;
  readonly sha256?: boolean;
  readonly resume?: boolean;
  readonly restart?: boolean;
  readonly discard?: boolean;
}

const MIN_MEMORY = 16 * MIB;

/** `moe-loom convert <source> --to <layout> --out <folder>`. */
export function addConvert(program: Command): void {
  const command = program
    .command('convert')
    .description('convert a checkpoint and prove the result')
    .argument('[source]', `${SOURCE_HELP}; with --plan, the plan names it`);
  withPartFlags(withPlanFlags(command))
    .requiredOption('--out <folder>', 'the output folder; without --resume or --plan, it must be empty or not exist')
    .option('--card', 'write a README.md with the changes, the programs that load the result, and the proof')
    .option('--picture', 'with --card: also draw the first converted layer, before and after, as SVG files beside it')
    .option('--resume', 'resume the unfinished conversion in that folder')
    .option('--restart', 'remove the unfinished conversion in that folder and start again')
    .option(
      '--discard',
      'remove the unfinished conversion in that folder and stop; with a new conversion: remove its finished shards if it is stopped',
    )
    .option('--engine <where>', 'where kernels run: auto (default), cpu or webgpu; the output bytes are the same')
    .option('--memory <size>', 'memory for the buffers of all threads together', '256MiB')
    .option('--threads <n>', 'number of shards written at once; the default is as many as cores and memory allow')
    .option('--sha256', 'also compute the SHA-256 of each shard, which is its id on the Hub')
    .action(async (named: string | undefined, flags: ConvertFlags) => {
      if (flags.plan !== undefined)
        return convertPart(named, { ...flags, plan: flags.plan }, workOptions(flags), command);
      const source = sourceOf(named, flags);
      const wanted = parseTargetFlags(flags);
      const chosen = planOptions(flags);
      const work = workOptions(flags);
      const signal = interruptSignal();
      const { files, path, checkpoint, origin, assumed } = await openAssuming(source, flags, signal);
      const options = { ...chosen, ...assumed };
      const target = await targetOf(wanted, { checkpoint, files, options, signal });
      const plan = await planWithValues(checkpoint, files, target, { ...options, signal });
      if (plan.refusals.length > 0) throw planRefused(plan, checkpoint);
      const output = await openOutput(flags, plan, files, path, signal);
      if (output === null) return;
      const { sink, journal } = output;
      const layout = detectLayout(checkpoint, assumed);
      const pictures = flags.picture ? cardPictures({ plan, checkpoint, layout, source: origin, ...assumed }) : [];
      const card = (proof: ConversionReport['verified']) =>
        modelCard({ plan, layout, config: checkpoint.config, source: origin, proof, pictures, ...assumed });
      const line = createProgressLine(flags.quiet === true);
      const { end, ...working } = runnersFor(plan, path, sink.identity, work);
      const report = await runPlan(plan, {
        files,
        sink,
        journal,
        signal,
        discard: flags.discard,
        streamDigest: createNodeDigest,
        onProgress: line.update,
        ...(flags.card ? { card } : {}),
        pictures: Object.fromEntries(pictures.map(({ file, svg }) => [file, svg])),
        ...working,
        ...(flags.sha256 ? { sha256: (file, inner) => sha256File(sink.identity, file, inner) } : {}),
      })
        .catch((error: unknown) => {
          line.end();
          tellWhatStays(plan, journal, argumentsOf(command));
          throw error;
        })
        .finally(async () => {
          line.end();
          await end?.();
        });
      if (flags.json) printJson(convertJson(sink.identity, report, flags.engine !== undefined));
      else print(describeReport(sink.identity, report));
    });
  withChoices(command, { '--engine': ENGINES });
}

/** @throws LoomError `usage` without a source, and for flags of parts without a plan. */
function sourceOf(named: string | undefined, { part, shards, source }: ConvertFlags): string {
  if (part !== undefined || shards !== undefined || source !== undefined)
    throw new LoomError(
      'usage',
      '--part, --shards and --source are for --plan <file>, which moe-loom plan --out writes.',
    );
  if (named === undefined) throw new LoomError('usage', 'convert needs a source, or --plan <file>.');
  return named;
}

/** The output folder and its journal; null where an unfinished conversion was to be removed, and was. */
async function openOutput(
  flags: ConvertFlags,
  plan: ConversionPlan,
  files: FileSet,
  path: string | null,
  signal: AbortSignal,
): Promise<FolderOutput | null> {
  const source = path ?? undefined;
  const removes = flags.discard === true && !flags.resume && !flags.restart && (await isUnfinished(flags.out));
  const unfinished = flags.resume ? 'resume' : flags.restart || removes ? 'restart' : 'refuse';
  const output = await openFolderOutput(flags.out, plan, files, { source, unfinished, signal });
  if (!removes) return output;
  await output.sink.discard();
  if (flags.json) printJson({ discarded: output.sink.identity });
  else print([`Removed the unfinished conversion in ${output.sink.identity}.`]);
  return null;
}

async function isUnfinished(folder: string): Promise<boolean> {
  return (await openFolderJournal(folder)).head !== null;
}

/** Files that could not be read this time do not say that the checkpoint is wrong: they end the work. */
export function planRefused(plan: ConversionPlan, checkpoint: Checkpoint): LoomError {
  const unread = unreadBehind(plan, checkpoint);
  if (unread) return unread;
  const messages = [...new Set(plan.refusals.map((refusal) => refusal.message))];
  return new LoomError(
    'not-convertible',
    messages.slice(0, 3).join(' ') + (messages.length > 3 ? ` … and ${messages.length - 3} more reasons.` : ''),
  );
}

/** @throws LoomError `usage`. */
function workOptions(flags: ConvertFlags): WorkOptions {
  const engine = flags.engine ?? 'auto';
  if (!isEngineChoice(engine))
    throw new LoomError('usage', `--engine takes ${ENGINES.join(', ')}; "${engine}" is not one of them.`);
  if (flags.picture && !flags.card)
    throw new LoomError('usage', '--picture adds drawings to a model card. Add --card.');
  if (flags.resume && flags.restart)
    throw new LoomError('usage', '--resume and --restart cannot be combined. Give one of them.');
  const memory = flags.memory === undefined ? DEFAULT_BUDGET_BYTES : parseSize(flags.memory);
  if (memory === null || memory < MIN_MEMORY)
    throw new LoomError('usage', `--memory takes a size of at least 16MiB, such as 512MiB.`);
  const threads = flags.threads === undefined ? null : Number(flags.threads);
  if (threads !== null && !(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw new LoomError('usage', `--threads takes a number from 1 to 256, not "${flags.threads}".`);
  return { engine, memory, threads };
}

/** Says how many shards stay, and the command that resumes. */
function tellWhatStays(plan: ConversionPlan, journal: Journal, given: readonly string[]): void {
  const { size } = journal.finished;
  if (size === 0) return;
  const one = size === 1;
  tell(
    `${size} of ${plural(plan.shards.length, 'shard')} ${one ? 'is' : 'are'} finished and ${one ? 'stays' : 'stay'}; resume with \`${resumeCommand(given)}\`.`,
  );
}

/** The command line that was given, as one that resumes. */
export function resumeCommand(given: readonly string[]): string {
  const kept = given.filter((arg) => arg !== '--resume' && arg !== '--restart');
  return [PROGRAM_NAME, ...[...kept, '--resume'].map(shellWord)].join(' ');
}

/** The arguments of the whole program. */
function argumentsOf(command: Command): readonly string[] {
  const root = command.parent as (Command & { readonly rawArgs?: readonly string[] }) | null;
  return root?.rawArgs ?? [];
}

/** What `convert --json` prints: a contract; `sourceHashes` was added to it. Keys beyond it stand where they were asked for, or a run was continued. */
export function convertJson(out: string, report: ConversionReport, engineAsked = false) {
  const { equal, tensors, bytes } = report.verified;
  return {
    out,
    tensors: report.tensors,
    bytes: report.bytes,
    shards: report.shards,
    partial: report.scope === 'partial',
    skipped: report.skipped.map((skipped) => skipped.file),
    verified: { equal, tensors, bytes },
    ...(report.kept > 0 ? { kept: report.kept } : {}),
    ...(report.unpacked ? { unpacked: report.unpacked } : {}),
    ...(report.assumed ? { assumed: report.assumed } : {}),
    ...(report.sourceHashes ? { sourceHashes: report.sourceHashes } : {}),
    ...(report.sha256 ? { sha256: report.sha256 } : {}),
    ...(engineAsked ? { engine: report.engine } : {}),
  };
}

export function describeReport(out: string, report: ConversionReport): string[] {
  const scope = report.scope === 'whole' ? '' : ` (${report.scope}: layers ${report.layers?.join(', ')})`;
  return [
    `Wrote ${plural(report.tensors, 'tensor')}, ${formatBytes(report.bytes)}, in ${plural(report.shards.length, 'shard')} to ${out}${scope}.`,
    `Proven: ${plural(report.verified.tensors, 'tensor')}, ${formatInteger(report.verified.bytes)} bytes, all equal (read back from the output and compared with ${report.unpacked ? 'what the CPU computes from the source' : 'the source'}).`,
    ...(report.sourceHashes ? [describeSourceHashes(report.sourceHashes)] : []),
    ...(report.unpacked
      ? [
          `Not lossless: ${plural(report.unpacked.tensors, 'tensor')} in ${report.unpacked.formats.join(' and ')} became bf16.`,
        ]
      : []),
    ...(report.assumed ?? []),
    ...describeRun(report),
    ...report.configChanges.map(describeConfigChange),
    ...report.skipped.map((skipped) => `Left out: ${skipped.file} (${skipped.reason}).`),
  ];
}

function describeRun({ kept, engine, sha256, seconds }: ConversionReport): string[] {
  return [
    ...(seconds ? [`Writing took ${seconds.write.toFixed(1)} s, reading back ${seconds.verify.toFixed(1)} s.`] : []),
    ...(kept > 0
      ? [`From the earlier run: ${plural(kept, 'shard')}, read back and equal to the bytes written then.`]
      : []),
    ...engine.decisions.map(
      ({ kernel, op, on, reason }) =>
        `Kernel ${kernel} (${op}) ran on ${on === 'cpu' ? 'the CPU' : 'WebGPU'}. ${reason}`,
    ),
    ...Object.entries(sha256 ?? {}).map(([file, sum]) => `SHA-256 ${sum}  ${file}`),
  ];
}
