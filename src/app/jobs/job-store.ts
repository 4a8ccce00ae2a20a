import { create } from 'zustand';
import type { PlanSummary, ResultCard } from '../../../workers/inspect/protocol.ts';
import type { ConversionReport, LoomError, Progress } from '../../core/index.ts';
import type { Download } from './downloads.ts';
import type { Pace, Sample } from './rate.ts';

/** How far a job is. `asking`: the browser asks for the folder; from `cancelled` on it has ended. */
export type JobStatus = 'none' | 'asking' | 'running' | 'paused' | 'cancelling' | 'cancelled' | 'failed' | 'done';

/** Where the output of a job goes or went. */
export type JobOutput =
  | { readonly kind: 'opfs'; readonly job: string }
  | { readonly kind: 'directory'; readonly name: string; readonly job: string }
  | { readonly kind: 'memory' };

export interface JobState {
  readonly status: JobStatus;
  readonly source: string;
  readonly target: string;
  readonly output: JobOutput | null;
  /** Null for a job whose report was found in the browser storage. */
  readonly plan: PlanSummary | null;
  readonly progress: Progress | null;
  /** The file that the browser is copying to its place. */
  readonly finalising: string | null;
  /** Progress of the check of source hashes, before anything is written. */
  readonly checking: { readonly done: number; readonly total: number } | null;
  readonly samples: readonly Sample[];
  readonly pace: Pace;
  /** Milliseconds of work, pauses left out. */
  readonly workedMs: number;
  /** Why the browser keeps no record of this job: it cannot be resumed. */
  readonly unrecorded: string | null;
  readonly error: LoomError | null;
  /** Which files are left after a failure or a cancel: a sentence. */
  readonly aftermath: string | null;
  readonly report: ConversionReport | null;
  /** README.md for the result; null where the source is no longer open. */
  readonly card: ResultCard | null;
  /** The output in the browser storage or in memory; empty for a picked folder. */
  readonly files: readonly Download[];
  /** True once the reader has seen how it ended: the rail, the title and the icon then say nothing more. */
  readonly seen: boolean;
}

export const NO_JOB: JobState = {
  status: 'none',
  source: '',
  target: '',
  output: null,
  plan: null,
  progress: null,
  finalising: null,
  checking: null,
  samples: [],
  pace: { rate: null, left: null },
  workedMs: 0,
  unrecorded: null,
  error: null,
  aftermath: null,
  report: null,
  card: null,
  files: [],
  seen: false,
};

/** The conversion of this page; one at a time, and it continues while other views are open. */
export const useJob = create<JobState>()(() => NO_JOB);

/** True from the start of a job until it is finished, fails or is cancelled. */
export function isBusy(status: JobStatus): boolean {
  return status === 'asking' || status === 'running' || status === 'paused' || status === 'cancelling';
}
