import {
  type Checkpoint,
  type CheckpointLayout,
  type ConsumerVerdict,
  type ConversionPlan,
  LoomError,
  loadScript,
  type PlanOptions,
  type ProgramId,
  predictLoads,
  predictTarget,
  refuseUnusable,
} from '../../src/core/index.ts';
import type { LoadVerdict, NameSample } from './protocol.ts';

/** Names that travel with a verdict: enough to recognise the layout by. */
const FIRST_NAMES = 8;

export interface Loads {
  all(): readonly ConsumerVerdict[];
  of(consumer: ProgramId): ConsumerVerdict;
}

/** The verdicts on a checkpoint, worked out when they are first asked for. */
export function createLoads(checkpoint: Checkpoint, layout: CheckpointLayout): Loads {
  let verdicts: readonly ConsumerVerdict[] | null = null;
  const all = () => {
    refuseUnusable(checkpoint);
    verdicts ??= predictLoads(checkpoint, layout);
    return verdicts;
  };
  return {
    all,
    of: (consumer) => {
      const verdict = all().find(({ id }) => id === consumer);
      if (verdict) return verdict;
      throw new LoomError('internal', `There is no verdict for ${consumer}.`);
    },
  };
}

/** The verdicts on what a plan would write; null where it cannot be run. */
export function predictPlan(
  checkpoint: Checkpoint,
  plan: ConversionPlan,
  { assume }: PlanOptions,
): readonly ConsumerVerdict[] | null {
  if (plan.refusals.length > 0) return null;
  const outputs = plan.shards.flatMap((shard) => shard.tensors);
  const facts = { config: checkpoint.config, changes: plan.configChanges };
  return predictTarget(outputs, assume === undefined ? facts : { ...facts, assume });
}

/** A verdict that is small enough to be sent for every consumer at once. */
export function compactVerdict(verdict: ConsumerVerdict): LoadVerdict {
  const { missing, unexpected, mismatched, ...rest } = verdict;
  const hasScript = 'script' in loadScript({ ...rest, missing: [], unexpected: [], mismatched: [] });
  const lists = { missing: sample(missing), unexpected: sample(unexpected), mismatched: sample(mismatched) };
  return { ...rest, ...lists, hasScript };
}

function sample(names: readonly string[]): NameSample {
  return { count: names.length, first: names.slice(0, FIRST_NAMES) };
}
