import type { Command } from 'commander';
import {
  type Checkpoint,
  type ConversionPlan,
  describePlan,
  type PlanOptions,
  planWithValues,
  predictTarget,
} from '../core/index.ts';
import { interruptSignal, parseDtype, parseLayers, parseShardSize, parseTarget, print, printJson } from './common.ts';
import { unreadBehind } from './damage.ts';
import { openAssuming } from './reading.ts';
import { type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';

export interface PlanFlags extends ReadingFlags {
  readonly to: string;
  readonly layers?: string;
  readonly keepRest?: boolean;
  readonly keepMtp?: boolean;
  readonly maxShardSize?: string;
  readonly dtype?: string;
}

/** The options that shape a plan, shared by `plan` and `convert`. */
export function withPlanFlags(command: Command): Command {
  return withReading(command)
    .requiredOption('--to <target>', 'the layout to convert to')
    .option('--layers <list>', 'only these layers, such as 0-3,7')
    .option('--keep-rest', 'with --layers: everything else unchanged beside them')
    .option('--keep-mtp', 'leave layers of multi-token prediction as they are stored')
    .option('--max-shard-size <size>', 'tensor bytes a shard holds at most', '5GB')
    .option('--dtype <dtype>', 'bf16: unpack FP8 and MXFP4 weights to the numbers they stand for; not lossless');
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

/** `moe-loom plan <source> --to <target>`: what a conversion would do, without doing it. Exit 1 when it is refused. */
export function addPlan(program: Command): void {
  const command = program
    .command('plan')
    .description('say what a conversion would do')
    .argument('<source>', SOURCE_HELP);
  withPlanFlags(command).action(async (source: string, flags: PlanFlags) => {
    const target = parseTarget(flags.to);
    const chosen = planOptions(flags);
    const signal = interruptSignal();
    const { checkpoint, files, assumed } = await openAssuming(source, flags, signal);
    const options = { ...chosen, ...assumed };
    const plan = await planWithValues(checkpoint, files, target, { ...options, signal });
    const unread = unreadBehind(plan, checkpoint);
    if (unread) throw unread;
    if (flags.json) printJson(planJson(plan));
    else print([...describePlan(plan), ...readers(checkpoint, plan, options)]);
    if (plan.refusals.length > 0) process.exitCode = 1;
  });
}

/** Says so where no program is known that loads what the plan would write. */
function readers({ config }: Checkpoint, plan: ConversionPlan, { assume }: PlanOptions): string[] {
  if (plan.refusals.length > 0 || plan.scope === 'partial') return [];
  const facts = { config, changes: plan.configChanges, ...(assume ? { assume } : {}) };
  const verdicts = predictTarget(
    plan.shards.flatMap(({ tensors }) => tensors),
    facts,
  );
  if (verdicts.some(({ verdict }) => verdict === 'loads' || verdict === 'loads-converting')) return [];
  return ['! Nothing is known that loads the result as it will be.'];
}

/** The plan without header bytes, which no reader of JSON wants. */
function planJson(plan: ConversionPlan) {
  return { ...plan, shards: plan.shards.map(({ header, ...shard }) => ({ ...shard, headerBytes: header.byteLength })) };
}
