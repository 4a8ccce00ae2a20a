import { formatBytes } from '../../../core/index.ts';
import { isBusy, type JobState } from '../job-store.ts';

/** What the rail, the title and the icon of the tab say of the conversion of this page. */
export interface JobSign {
  readonly state: 'running' | 'paused' | 'done' | 'failed';
  /** Whole percent, rounded down, of the bytes to write and to prove. */
  readonly percent: number;
}

type Signed = Pick<JobState, 'status' | 'progress' | 'seen'>;

/** The sign of a job; null where there is none, the person cancelled it, or has seen how it ended. */
export function signOf({ status, progress, seen }: Signed): JobSign | null {
  const percent = progress && progress.total > 0 ? Math.floor((100 * progress.done) / progress.total) : 0;
  if (isBusy(status)) return { state: status === 'paused' ? 'paused' : 'running', percent };
  if (seen || (status !== 'done' && status !== 'failed')) return null;
  return { state: status, percent };
}

/** The same in front of the name of the tab: `42 % · `; empty where there is no sign. */
export function titleSign(job: Signed): string {
  const sign = signOf(job);
  if (sign === null) return '';
  const { state, percent } = sign;
  if (state === 'running') return `${percent} % · `;
  if (state === 'paused') return `Paused at ${percent} % · `;
  return state === 'done' ? '✓ Converted · ' : '✗ Failed · ';
}

/** How fast it is now, or why it does not move. */
export function paceSign({ status, pace }: Pick<JobState, 'status' | 'pace'>): string {
  if (status === 'asking') return 'waiting for your answer';
  if (status === 'cancelling') return 'cancelling';
  if (status === 'paused') return 'paused';
  if (pace.rate === null) return 'starting';
  return pace.rate === 0 ? 'waiting' : `${formatBytes(Math.round(pace.rate))}/s`;
}
