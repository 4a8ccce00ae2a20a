import { resolve } from 'node:path';
import type { Command } from 'commander';
import { writePlanFile } from '../core/convert/plan-file/read.node.ts';
import {
  type Checkpoint,
  type ConversionPlan,
  cardPictures,
  countGood,
  describePlan,
  detectLayout,
  formatBytes,
  formatPlanFile,
  identifySource,
  LOADERS,
  LoomError,
  modelCard,
  type PlanOptions,
  planWithValues,
  predictPlan,
  proofOf,
  TARGETS,
} from '../core/index.ts';
import { withChoices } from './choices.ts';
import { interruptSignal, parseDtype, parseLayers, parseShardSize, print, printJson } from './common.ts';
import { unreadBehind } from './damage.ts';
import { namedInPlan } from './planned-source.ts';
import { type OpenedReading, openAssuming } from './reading.ts';
import { type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { parseTargetFlags, type TargetFlags, targetOf } from './target.ts';

export interface PlanFlags extends TargetFlags, ReadingFlags {
  readonly layers?: string;
  readonly keepRest?: boolean;
  readonly keepMtp?: boolean;
  readonly maxShardSize?: string;
  readonly dtype?: string;
}

/** The options that shape a plan, shared by `plan` and `convert`. */
export function withPlanFlags(command: Command): Command {
  withReading(command)
    .option('--to <layout>', 'the layout to convert to')
    .option('--for <program>', 'convert to the layout that this program loads, such as vllm; replaces --to')
    .option('--layers <list>', 'convert only these layers, such as 0-3,7')
    .option('--keep-rest', 'with --layers: keep all other tensors unchanged in the output')
    .option('--keep-mtp', 'keep layers of multi-token prediction as they are stored')
    .option('--max-shard-size <size>', 'the largest size of the tensors in a shard', '5GB')
    .option('--dtype <dtype>', 'bf16: unpack FP8 and MXFP4 weights to bf16; this is not lossless');
  return withChoices(command, {
    '--to': Object.keys(TARGETS),
    '--for': LOADERS.map(({ id }) => id),
    '--dtype': ['bf16'],
  });
}

/** What flags say of a plan, but for what is assumed. */
export function planOptions(flags: PlanFlags): PlanOptions {
  return {
    layers: flags.layers === undefined ? undefined : parseLayers(flags.layers),
    keepRest: flags.keepRest,
    keepMtp: flags.keepMtp,
    dtype: parseDtype(flags.dtype),
    maxShardBytes: flags.maxShardSize === undefined ? undefined : parseShardSize(flags.maxShardSize),
  };
}

/** `moe-loom plan <source> --to <layout>`: what a conversion would do, without doing it. It exits with 1 when the plan is refused. */
export function addPlan(program: Command): void {
  const command = program
    .command('plan')
    .description('show what a conversion would do')
    .argument('<source>', SOURCE_HELP);
  withPlanFlags(command)
    .option('--out <file>', 'write the plan to this file, for convert --plan, join and status')
    .option('--card', 'with --out: plan a README.md with the changes, the programs that load the result, and the proof')
    .option('--picture', 'with --card: also draw the first converted layer, before and after')
    .action(async (source: string, flags: PlanCommandFlags) => {
      refuseWithoutFile(flags);
      const wanted = parseTargetFlags(flags);
      const chosen = planOptions(flags);
      const signal = interruptSignal();
      const opened = await openAssuming(source, flags, signal);
      const { checkpoint, files, assumed } = opened;
      const options = { ...chosen, ...assumed };
      const target = await targetOf(wanted, { checkpoint, files, options, signal });
      const plan = await planWithValues(checkpoint, files, target, { ...options, signal });
      const unread = unreadBehind(plan, checkpoint);
      if (unread) throw unread;
      const file = flags.out === undefined ? null : await writePlan(flags.out, plan, opened, flags, signal);
      if (flags.json) printJson({ ...planJson(plan), ...(file ? { file } : {}) });
      else print([...describePlan(plan), ...readers(checkpoint, plan, options), ...(file ? describeFile(file) : [])]);
      if (plan.refusals.length > 0) process.exitCode = 1;
    });
}

interface PlanCommandFlags extends PlanFlags {
  readonly out?: string;
  readonly card?: boolean;
  readonly picture?: boolean;
}

/** @throws LoomError `usage`. */
function refuseWithoutFile({ out, card, picture }: PlanCommandFlags): void {
  if (card && out === undefined) throw new LoomError('usage', '--card is for a plan file. Add --out <file>.');
  if (picture && !card) throw new LoomError('usage', '--picture adds drawings to a model card. Add --card.');
}

interface WrittenPlan {
  readonly path: string;
  readonly hash: string;
  readonly bytes: number;
}

/** Writes the plan file; null for a plan that is refused, which has nothing to run. */
async function writePlan(
  path: string,
  plan: ConversionPlan,
  opened: OpenedReading,
  flags: PlanCommandFlags,
  signal: AbortSignal,
): Promise<WrittenPlan | null> {
  if (plan.refusals.length > 0) return null;
  const source = { ...namedInPlan(opened), files: await identifySource(plan, opened.files, signal) };
  const { text, hash } = await formatPlanFile({ plan, source, card: flags.card ? cardOf(plan, opened, flags) : null });
  await writePlanFile(path, text);
  return { path: resolve(path), hash, bytes: Buffer.byteLength(text) };
}

/** The card that `convert --card` would write once every byte is proven. */
function cardOf(plan: ConversionPlan, { checkpoint, origin, assumed }: OpenedReading, flags: PlanCommandFlags) {
  const layout = detectLayout(checkpoint, assumed);
  const drawn = flags.picture ? cardPictures({ plan, checkpoint, layout, source: origin, ...assumed }) : [];
  const text = modelCard({
    ...{ plan, layout, config: checkpoint.config, source: origin, pictures: drawn, ...assumed },
    proof: proofOf(plan),
  });
  return { text, pictures: Object.fromEntries(drawn.map(({ file, svg }) => [file, svg])) };
}

function describeFile({ path, hash, bytes }: WrittenPlan): string[] {
  return [
    `Wrote the plan to ${path} (${formatBytes(bytes)}, hash ${hash.slice(0, 12)}…).`,
    'Run its parts with moe-loom convert --plan <file> --part <k/n> --out <folder>, then moe-loom join <file> <folder>.',
  ];
}

/** One line where no program is known to load what the plan would write. */
function readers(checkpoint: Checkpoint, plan: ConversionPlan, options: PlanOptions): string[] {
  if (plan.scope === 'partial') return [];
  const verdicts = predictPlan(checkpoint, plan, options);
  return verdicts === null || countGood(verdicts) > 0 ? [] : ['! No loader is known for the result.'];
}

/** The plan without header bytes, which no reader of JSON wants. */
function planJson(plan: ConversionPlan) {
  return { ...plan, shards: plan.shards.map(({ header, ...shard }) => ({ ...shard, headerBytes: header.byteLength })) };
}
