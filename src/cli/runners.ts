import { availableParallelism } from 'node:os';
import { createThreadHelpers, createThreadRunners } from '../core/convert/threads.node.ts';
import {
  type ConversionPlan,
  computes,
  createBudget,
  type EngineChoice,
  helpersFitting,
  type RunOptions,
  runnersFitting,
} from '../core/index.ts';

/** Where and with how much a conversion works. */
export interface WorkOptions {
  readonly engine: EngineChoice;
  readonly memory: number;
  /** Null: as many as cores and memory allow. */
  readonly threads: number | null;
}

/**
 * Threads for local files, where cores are what limits; the Hub's bytes come through this thread's one door. Cores that no
 * runner needs compute for them. With `--threads` there are no other threads. `staged`: as `ThreadSetup` has it.
 */
export function runnersFor(
  plan: ConversionPlan,
  path: string | null,
  out: string,
  { engine, memory, threads }: WorkOptions,
  staged?: string,
): Pick<RunOptions, 'runners' | 'budget' | 'engine' | 'helpers'> & { readonly end?: () => Promise<void> } {
  const { length } = plan.shards;
  const cores = availableParallelism();
  const count = threads === null ? runnersFitting(cores, memory, length) : Math.min(threads, length);
  const isBuilt = !import.meta.url.endsWith('.ts');
  const script = new URL(import.meta.url);
  const hasThreads = path !== null && count > 1 && isBuilt;
  const runners = hasThreads ? count : 1;
  const helping = threads === null && isBuilt && computes(plan) ? helpersFitting(cores, runners) : 0;
  if (hasThreads) {
    const setup = { source: path, out, budgetBytes: Math.floor(memory / count), engine, staged };
    return { runners: createThreadRunners(script, setup, count, helping) };
  }
  const crew = helping > 0 ? createThreadHelpers(script, helping) : null;
  return { budget: createBudget(memory), engine, ...(crew ? { helpers: crew.helpers, end: crew.end } : {}) };
}
