import type { Command } from 'commander';
import {
  type Checkpoint,
  type ConversionPlan,
  countGood,
  describePlan,
  LOADERS,
  type PlanOptions,
  planWithValues,
  predictPlan,
  TARGETS,
} from '../core/index.ts';
import { withChoices } from './choices.ts';
import { interruptSignal, parseDtype, parseLayers, parseShardSize, print, printJson } from './common.ts';
import { unreadBehind } from './damage.ts';
import { openAssuming } from './reading.ts';
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
  withPlanFlags(command).action(async (source: string, flags: PlanFlags) => {
    const wanted = parseTargetFlags(flags);
    const chosen = planOptions(flags);
    const signal = interruptSignal();
    const { checkpoint, files, assumed } = await openAssuming(source, flags, signal);
    const options = { ...chosen, ...assumed };
    const target = await targetOf(wanted, { checkpoint, files, options, signal });
    const plan = await planWithValues(checkpoint, files, target, { ...options, signal });
    const unread = unreadBehind(plan, checkpoint);
    if (unread) throw unread;
    if (flags.json) printJson(planJson(plan));
    else print([...describePlan(plan), ...readers(checkpoint, plan, options)]);
    if (plan.refusals.length > 0) process.exitCode = 1;
  });
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
