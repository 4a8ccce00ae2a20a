import type { Command } from 'commander';
import { jobOf } from '../core/convert/parts/job.node.ts';
import { openPartPlace } from '../core/convert/parts/place.node.ts';
import { type PartReport, runPart } from '../core/convert/parts/run-part.node.ts';
import { readPlanFile } from '../core/convert/plan-file/read.node.ts';
import { createNodeDigest } from '../core/convert/sha256.node.ts';
import {
  describeSourceHashes,
  formatBytes,
  LoomError,
  type OutputShard,
  type PlanFile,
  parsePart,
  partsOfPlan,
  plural,
  shardsOfList,
} from '../core/index.ts';
import { interruptSignal, print, printJson } from './common.ts';
import type { PlanFlags } from './plan.ts';
import { openPlanned } from './planned-source.ts';
import { createProgressLine } from './progress.ts';
import { runnersFor, type WorkOptions } from './runners.ts';
import { tell } from './terminal.ts';

/** Flags of a part of a plan. */
export interface PartFlags {
  readonly plan?: string;
  readonly part?: string;
  readonly shards?: string;
  readonly source?: string;
}

export function withPartFlags(command: Command): Command {
  return command
    .option(
      '--plan <file>',
      'convert shards of a plan that moe-loom plan --out wrote; moe-loom join then ends the work',
    )
    .option('--part <k/n>', 'with --plan: the k-th of n parts of about the same size, such as 3/16')
    .option('--shards <list>', 'with --plan: these shards, by the numbers in their names, such as 12-40,7')
    .option('--source <source>', 'with --plan: where the source lies on this machine');
}

/** A part as it was asked for. */
interface Asked {
  readonly label: string;
  readonly shards: readonly OutputShard[];
}

interface PartWork extends PlanFlags, PartFlags {
  readonly plan: string;
  readonly out: string;
  readonly sha256?: boolean;
}

/** `moe-loom convert --plan <file> --out <folder>`: makes the shards of a part that are not finished. */
export async function convertPart(
  named: string | undefined,
  flags: PartWork,
  work: WorkOptions,
  command: Command,
): Promise<void> {
  refuseOthers(named, command);
  const signal = interruptSignal();
  const planFile = await readPlanFile(flags.plan);
  const { label, shards } = askedOf(planFile, flags);
  const { files, path } = await openPlanned(planFile, flags, signal);
  const job = jobOf(process.env);
  const place = await openPartPlace(flags.out, planFile, { source: path ?? undefined, part: label, job });
  if (job && job.restart > 0) tell(`Restart ${job.restart} of ${job.id}: finished shards of part ${label} are kept.`);
  const line = createProgressLine(flags.quiet === true);
  const { end, ...working } = runnersFor({ ...planFile.plan, shards }, path, place.root, work, place.tag);
  try {
    const { onProgress, ...rest } = { ...working, onProgress: line.update };
    const sha256 = flags.sha256 === true;
    const report = await runPart(planFile, {
      ...{ place, shards, files, signal, sha256, onProgress },
      streamDigest: createNodeDigest,
      shardsAtOnce: work.threads === 1 ? 1 : undefined,
      ...rest,
    });
    line.end();
    if (flags.json) printJson(partJson(place.root, planFile, label, report));
    else print(describePart(place.root, label, report));
  } catch (error) {
    line.end();
    tell(`Finished shards of part ${label} stay in ${place.root}; run the same command again to continue.`);
    throw error;
  } finally {
    line.end();
    place.close();
    await end?.();
  }
}

/** Options of `convert` that a part has too. */
const SHARED: readonly string[] = [
  ...['plan', 'part', 'shards', 'source', 'out', 'engine', 'memory', 'threads', 'sha256'],
  ...['json', 'quiet', 'endpoint', 'cache'],
];

/** @throws LoomError `usage` for what the plan decides. */
function refuseOthers(named: string | undefined, command: Command): void {
  if (named !== undefined)
    throw new LoomError(
      'usage',
      'With --plan, the plan names the source; --source says where it lies on this machine.',
    );
  const given = Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === 'cli');
  const [other] = given.filter((name) => !SHARED.includes(name));
  if (other === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === other)?.long ?? other;
  const hint = ['resume', 'restart', 'discard'].includes(other)
    ? 'A part always continues from its finished shards.'
    : 'The plan decides it: give it to moe-loom plan.';
  throw new LoomError('usage', `--plan and ${flag} cannot be combined. ${hint}`);
}

/** @throws LoomError `usage`. */
function askedOf({ plan }: PlanFile, { part, shards }: PartFlags): Asked {
  if (part !== undefined && shards !== undefined)
    throw new LoomError('usage', '--part and --shards cannot be combined. Give one of them.');
  if (shards !== undefined) return { label: `shards ${shards.trim()}`, shards: shardsOfList(plan, shards) };
  const { part: number, of } = parsePart(part ?? '1/1');
  return { label: `${number}/${of}`, shards: partsOfPlan(plan, of)[number - 1] ?? [] };
}

/** What `convert --plan --json` prints: a contract. */
function partJson(out: string, { hash }: PlanFile, part: string, report: PartReport) {
  const { made, skipped, bytes, sourceHashes, seconds } = report;
  return { plan: hash, part, out, made, skipped, bytes, sourceHashes, seconds };
}

function describePart(out: string, label: string, report: PartReport): string[] {
  const { made, skipped, bytes, sourceHashes } = report;
  if (made.length + skipped.length === 0) return [`Part ${label} has no shards: the plan has fewer shards than parts.`];
  const kept = skipped.length > 0 ? ` ${plural(skipped.length, 'shard')} had been finished before.` : '';
  const wrote = `Part ${label}: wrote ${plural(made.length, 'shard')}, ${formatBytes(bytes)}, to ${out}, each read back and equal.${kept}`;
  return [wrote, ...(sourceHashes.checked.length > 0 ? [describeSourceHashes(sourceHashes)] : [])];
}
