import type { Progress } from '../../core/index.ts';
import { NO_JOB, useJob } from './job-store.ts';
import { addSample, paceOf } from './rate.ts';

/** Keeps counted progress. */
export function noteProgress(progress: Progress, now: number): void {
  useJob.setState((state) => ({ progress, samples: addSample(state.samples, { at: now, done: progress.done }) }));
}

/** Computes the pace again, also when nothing moves; `sinceMs` of work have passed. */
export function notePace(now: number, sinceMs: number): void {
  useJob.setState((state) => {
    if (state.status !== 'running') return {};
    const total = state.progress?.total ?? 0;
    return { pace: paceOf(state.samples, now, total), workedMs: state.workedMs + sinceMs };
  });
}

/** Pausing and resuming restart the pace. */
export function setPaused(paused: boolean): void {
  useJob.setState((state) => {
    if (state.status !== 'running' && state.status !== 'paused') return {};
    return { status: paused ? 'paused' : 'running', samples: [], pace: NO_JOB.pace };
  });
}
