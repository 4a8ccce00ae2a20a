import type { Command } from 'commander';
import { type ConversionPlan, describePlan, openCheckpoint, planConversion } from '../core/index.ts';
import {
  interruptSignal,
  type OutputOptions,
  openSource,
  parseLayers,
  parseShardSize,
  parseTarget,
  print,
  printJson,
  withOutput,
} from './common.ts';

export interface PlanFlags extends OutputOptions {
  readonly to: string;
  readonly layers?: string;
  readonly keepRest?: boolean;
  readonly maxShardSize?: string;
}

/** The options that shape a plan, shared by `plan` and `convert`. */
export function withPlanFlags(command: Command): Command {
  return command
    .requiredOption('--to <target>', 'the layout to convert to')
    .option('--layers <list>', 'only these layers, such as 0-3,7')
    .option('--keep-rest', 'with --layers: everything else unchanged beside them')
    .option('--max-shard-size <size>', 'tensor bytes a shard holds at most', '5GB');
}

export function planOptions(flags: PlanFlags) {
  return {
    layers: flags.layers === undefined ? undefined : parseLayers(flags.layers),
    keepRest: flags.keepRest,
    maxShardBytes: flags.maxShardSize === undefined ? undefined : parseShardSize(flags.maxShardSize),
  };
}

/** `moe-loom plan <source> --to <target>`: what a conversion would do, without doing it. Exit 1 when it is refused. */
export function addPlan(program: Command): void {
  const command = program
    .command('plan')
    .description('say what a conversion would do')
    .argument('<source>', 'a folder, a file, or a Hub cache folder');
  withOutput(withPlanFlags(command)).action(async (source: string, flags: PlanFlags) => {
    const target = parseTarget(flags.to);
    const options = planOptions(flags);
    const checkpoint = await openCheckpoint(await openSource(source), { signal: interruptSignal() });
    const plan = planConversion(checkpoint, target, options);
    if (flags.json) printJson(planJson(plan));
    else print(describePlan(plan));
    if (plan.refusals.length > 0) process.exitCode = 1;
  });
}

/** The plan without header bytes, which no reader of JSON wants. */
function planJson(plan: ConversionPlan) {
  return { ...plan, shards: plan.shards.map(({ header, ...shard }) => ({ ...shard, headerBytes: header.byteLength })) };
}
