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
  predictLoadsEach,
  refuseUnusable,
} from '../../src/core/index.ts';
import { inTurns } from '../link/in-turns.ts';
import type { LoadsReportRequest, LoadVerdict, NameSample } from './protocol.ts';

/** Names that travel with a verdict: enough to recognise the layout by. */
const FIRST_NAMES = 8;

export interface Loads {
  all(): Promise<readonly ConsumerVerdict[]>;
  of(consumer: ProgramId): Promise<ConsumerVerdict>;
}

/** The verdicts on a checkpoint, found when they are first asked for; other calls are answered between programs. */
export function createLoads(checkpoint: Checkpoint, layout: CheckpointLayout): Loads {
  let verdicts: Promise<readonly ConsumerVerdict[]> | null = null;
  const all = async () => {
    refuseUnusable(checkpoint);
    verdicts ??= inTurns(collected(predictLoadsEach(checkpoint, layout)));
    return verdicts;
  };
  return {
    all,
    of: async (consumer) => {
      const verdict = (await all()).find(({ id }) => id === consumer);
      if (verdict) return verdict;
      throw new LoomError('internal', `There is no verdict for ${consumer}.`);
    },
  };
}

/** Steps that give all that was yielded as their result. */
export function* collected<T>(each: Iterable<T>): Generator<void, T[]> {
  const all: T[] = [];
  for (const one of each) {
    all.push(one);
    yield;
  }
  return all;
}

/** Verdicts with every name, in the order that is asked for. */
export async function writeLoads(loads: Loads, { format, name, order }: LoadsReportRequest): Promise<string> {
  const verdicts = await Promise.all(order.map(loads.of));
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
