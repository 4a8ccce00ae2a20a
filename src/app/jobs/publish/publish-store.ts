import { create } from 'zustand';
import type { SourceDescriptor } from '../../../../workers/inspect/protocol.ts';
import type { Supervised } from '../../../../workers/link/supervise.ts';
import type { PublishApi, PublishEvent, PublishRequest } from '../../../../workers/publish/protocol.ts';
import { isAbort, type Pause, type PublishProgress, type PublishReport, shareJob } from '../../../core/index.ts';
import { startPublishWorker } from '../../workers/publish.ts';
import { shownFiles } from '../downloads.ts';
import type { JobOutput } from '../job-store.ts';

/** A result that can be published. */
export interface Publishable {
  readonly output: JobOutput;
  /** What its files are called together. */
  readonly name: string;
}

export interface PublishState {
  readonly status: 'idle' | 'running' | 'stopped' | 'failed' | 'done';
  /** What is or was published last; null before that. */
  readonly of: Publishable | null;
  /** What was entered for it, so that publishing again asks for nothing. */
  readonly asked: Pick<PublishRequest, 'repo' | 'private'>;
  readonly progress: PublishProgress | null;
  readonly pause: Pause | null;
  /** Why it failed: a sentence or several. */
  readonly problem: string;
  readonly report: PublishReport | null;
}

const IDLE: PublishState = {
  status: 'idle',
  of: null,
  asked: { repo: '', private: false },
  progress: null,
  pause: null,
  problem: '',
  report: null,
};

/** The publication of this page; one at a time, and it continues while other views are open. */
export const usePublication = create<PublishState>()(() => IDLE);

let worker: Supervised<PublishApi> | null = null;
let abort: AbortController | null = null;

/** Stops. What the Hub has received stays there, and publishing again sends what is missing. */
export function stopPublishing(): void {
  abort?.abort();
}

/** Publishes a result, from where an earlier try of this page came to. */
export async function publishResult(of: Publishable, where: Omit<PublishRequest, 'source'>): Promise<void> {
  if (usePublication.getState().status === 'running') return;
  const mine = new AbortController();
  abort = mine;
  usePublication.setState({ ...IDLE, status: 'running', of, asked: { repo: where.repo, private: where.private } });
  window.addEventListener('beforeunload', askBeforeLeaving);
  let release = () => {};
  if (of.output.kind === 'opfs')
    shareJob(
      of.output.job,
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    );
  try {
    worker = worker?.death() === null ? worker : startPublishWorker();
    const report = await worker.call.publish({ ...where, source: sourceOf(of) }, note, mine.signal);
    usePublication.setState({ status: 'done', report });
  } catch (error) {
    if (isAbort(error)) usePublication.setState({ status: 'stopped' });
    else usePublication.setState({ status: 'failed', problem: error instanceof Error ? error.message : String(error) });
  } finally {
    release();
    usePublication.setState({ pause: null });
    window.removeEventListener('beforeunload', askBeforeLeaving);
  }
}

function note(event: PublishEvent): void {
  if (usePublication.getState().status !== 'running') return;
  usePublication.setState(event.type === 'pause' ? { pause: event.pause } : { progress: event.progress });
}

function sourceOf({ output, name }: Publishable): SourceDescriptor {
  if (output.kind !== 'memory') return { kind: 'job', job: output.job };
  return { kind: 'files', name, files: shownFiles().map(({ name: path, file }) => ({ path, file })) };
}

const askBeforeLeaving = (event: BeforeUnloadEvent) => event.preventDefault();
