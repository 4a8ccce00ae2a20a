import {
  type Checkpoint,
  type CheckpointLayout,
  type ConsumerVerdict,
  LoomError,
  loaderUse,
  loadScript,
  loadsJson,
  loadsMarkdown,
  type ProgramId,
  predictLoads,
  refuseUnusable,
} from '../../src/core/index.ts';
import type { LoadsReportRequest, LoadVerdict, NameSample } from './protocol.ts';

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

/** Verdicts with every name, in the order that is asked for. */
export function writeLoads(loads: Loads, { format, name, order }: LoadsReportRequest): string {
  const verdicts = order.map(loads.of);
  return format === 'markdown' ? loadsMarkdown(name, verdicts) : `${JSON.stringify(loadsJson(verdicts), null, 2)}\n`;
}

/** A verdict that is small enough to be sent for every consumer at once. */
export function compactVerdict(verdict: ConsumerVerdict): LoadVerdict {
  const { missing, unexpected, mismatched, ...rest } = verdict;
  const hasScript = 'script' in loadScript({ ...rest, missing: [], unexpected: [], mismatched: [] });
  const lists = { missing: sample(missing), unexpected: sample(unexpected), mismatched: sample(mismatched) };
  return { ...rest, ...lists, hasScript, use: loaderUse(verdict.id) };
}

function sample(names: readonly string[]): NameSample {
  return { count: names.length, first: names.slice(0, FIRST_NAMES) };
}
