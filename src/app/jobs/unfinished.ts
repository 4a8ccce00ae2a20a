import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { WorkSettings } from '../../../workers/convert/protocol.ts';
import type { HubFacts, SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import {
  isTarget,
  LoomError,
  listJobs,
  listJournals,
  type PlanOptions,
  removeJob,
  removeJournal,
  type StoredJournal,
  type Target,
} from '../../core/index.ts';
import { inspectWorker, useInspection } from '../state/inspection.ts';
import { heldElsewhere } from './hold-job.ts';
import type { JobRequest } from './job-request.ts';
import type { PickedFolder } from './output-folder.ts';

const KEY = ['unfinished jobs'];

/** What the page keeps beside a journal, to plan the same again. */
interface Note {
  readonly target: Target;
  readonly options: PlanOptions;
  readonly settings: WorkSettings;
  /** Null for the browser storage. */
  readonly folder: PickedFolder | null;
  /** The repo at its commit, where it came from the Hub: it can be opened again by itself. */
  readonly hub: { readonly repo: string; readonly revision: string; readonly endpoint: string } | null;
}

/** A conversion that did not reach its end. */
export interface Unfinished extends Omit<StoredJournal, 'note'>, Note {
  /** True while another tab is at it. */
  readonly elsewhere: boolean;
  /** True where the browser storage holds nothing of it any more. */
  readonly cleared: boolean;
}

/** The note of a job: no token, and no file that the browser would copy. */
export function noteOf(
  { target, options, settings, folder, hub }: Omit<JobRequest, 'source' | 'plan'> & { readonly hub: HubFacts | null },
  source: SourceDescriptor,
): Note {
  const repo = source.kind === 'hub' && hub ? { repo: hub.repo, revision: hub.commit, endpoint: hub.endpoint } : null;
  return { target, options, settings, folder, hub: repo };
}

/** Conversions that did not reach their end; looked up anew when a job begins or ends, and when the tab is turned to. */
export function useUnfinished(status: string): readonly Unfinished[] {
  const { data } = useQuery({ queryKey: [...KEY, status], queryFn: listUnfinished, staleTime: 0, gcTime: 0 });
  return data ?? [];
}

async function listUnfinished(): Promise<Unfinished[]> {
  const [journals, jobs, elsewhere] = await Promise.all([listJournals(), listJobs(), heldElsewhere()]);
  const stored = new Set(jobs.map(({ job }) => job));
  return journals.flatMap(({ note, ...journal }) => {
    if (!isNote(note)) return [];
    const cleared = note.folder === null && !stored.has(journal.job);
    return [{ ...journal, ...note, cleared, elsewhere: elsewhere(journal.job) }];
  });
}

/** Our own database may be an older version's. */
function isNote(value: unknown): value is Note {
  const note = value as Partial<Note> | null;
  return (
    typeof note?.target === 'string' && isTarget(note.target) && typeof note.options === 'object' && !!note.settings
  );
}

/** Looks again at what is unfinished. */
export function useRefreshUnfinished(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: KEY });
}

/**
 * Forgets a job and removes what it wrote into the browser storage; files in a picked folder stay.
 *
 * @throws LoomError `output-in-use` while another tab is at it.
 */
export async function forget({ job, folder }: Unfinished): Promise<void> {
  if ((await heldElsewhere())(job))
    throw new LoomError('output-in-use', 'Another tab is writing this conversion. Cancel it there.');
  if (folder === null) await removeJob(job);
  await removeJournal(job);
}

/**
 * The job as it is to be gone on with: the same plan of what is open now.
 *
 * @throws LoomError what planning throws; `not-convertible` when what is open cannot be converted so.
 */
export async function resumeRequest(unfinished: Unfinished): Promise<JobRequest> {
  const { source, hub } = useInspection.getState();
  const { target, options, settings, folder, job } = unfinished;
  if (!source) throw new LoomError('usage', 'Open the source first.');
  const plan = await inspectWorker().plan(target, options);
  if (plan.refusals.length > 0)
    throw new LoomError('not-convertible', 'What is open now cannot be converted as the unfinished conversion was.');
  return { source, hub, plan, target, options, settings, folder, resume: job };
}
