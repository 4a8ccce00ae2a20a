import { isErrorTag, isFinal } from '../../final-exit.ts';
import { LOCK_PACE, type LockPace } from '../../sink/shard-lock.node.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { type ShardStatus, type Survey, surveyParts } from './survey.node.ts';

/** Pauses between two looks at the folder: short at first, then long, so that a thousand shards cost few operations a second. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

export interface AwaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly wait?: LockPace['wait'] | undefined;
  readonly onSurvey?: ((survey: Survey) => void) | undefined;
}

/**
 * Looks at a folder until every shard of a plan is done, or until the part of one has failed with an error that running it again
 * does not change. Failures that are there at the first look do not count: they may be of an earlier run, and repaired since.
 *
 * @throws LoomError `cancelled`, and what reading the folder throws.
 */
export async function awaitParts(folder: string, planFile: PlanFile, options: AwaitOptions = {}): Promise<Survey> {
  const { signal, wait = LOCK_PACE.wait, onSurvey } = options;
  let survey = await surveyParts(folder, planFile);
  const before = new Set(survey.shards.flatMap((status) => finalFailure(status) ?? []));
  const isOver = () =>
    survey.shards.every(({ state }) => state === 'done') ||
    survey.shards.map(finalFailure).some((failure) => failure !== null && !before.has(failure));
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    onSurvey?.(survey);
    if (isOver()) return survey;
    await wait(pause, signal);
    survey = await surveyParts(folder, planFile);
  }
}

/** Names the failure of a shard that running its part again does not change; null for every other shard. */
function finalFailure({ shard, state, failure }: ShardStatus): string | null {
  if (state !== 'failed' || failure === null) return null;
  return isErrorTag(failure.tag) && isFinal(failure.tag) ? JSON.stringify([shard.file, failure.at]) : null;
}
