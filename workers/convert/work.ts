import {
  type ConversionPlan,
  type CreateStreamDigest,
  computes,
  createBudget,
  createHelpers,
  helpersFitting,
  type RunOptions,
  type Sink,
} from '../../src/core/index.ts';
import { createCrew } from '../compute/crew.ts';
import { createSums } from './memory-files.ts';
import type { ConvertRequest, WorkSettings } from './protocol.ts';
import { cores, createDigests, createRunnerPool, type RunnerPool } from './runner-pool.ts';

type WorkOptions = Pick<RunOptions, 'runners' | 'budget' | 'engine' | 'helpers' | 'sha256' | 'streamDigest'>;

/** Who does the work of one conversion: runners, helpers and hashers in workers, which end with it. */
export interface Work {
  readonly digest: CreateStreamDigest;
  /** What makes the shards: a pool of runners, or the converting worker itself with helpers. */
  begin(plan: ConversionPlan, sink: Sink): WorkOptions;
  pause(): void;
  resume(): void;
  dispose(): void;
}

export function createWork(request: ConvertRequest, settings: WorkSettings): Work {
  const sums = createSums(request, settings);
  const digests = createDigests();
  const crew = createCrew();
  let pool: RunnerPool | null = null;
  const runners = (plan: ConversionPlan): WorkOptions => {
    pool = createRunnerPool(request, plan, settings);
    if (pool) return { runners: pool };
    const helpers = createHelpers(crew.connect(computes(plan) ? helpersFitting(cores(), 1) : 0));
    crew.onDeath(helpers.end);
    return { budget: createBudget(settings.memoryBytes), engine: settings.engine, helpers };
  };
  return {
    digest: digests.create,
    begin: (plan, sink) => ({
      ...runners(plan),
      streamDigest: digests.create,
      ...(sums ? { sha256: sums.of(sink) } : {}),
    }),
    pause: () => pool?.pause(),
    resume: () => pool?.resume(),
    dispose: () => {
      sums?.dispose();
      digests.dispose();
      crew.dispose();
    },
  };
}
