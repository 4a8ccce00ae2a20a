import type { WorkSettings } from '../../../../workers/convert/protocol.ts';
import type { HubFacts, SourceDescriptor } from '../../../../workers/inspect/protocol.ts';
import {
  isTarget,
  LoomError,
  type PlanOptions,
  removeJob,
  removeJournal,
  type StoredJob,
  type StoredJournal,
  type Target,
} from '../../../core/index.ts';
import { inspectWorker, useInspection } from '../../state/inspection.ts';
import { heldElsewhere } from '../hold-job.ts';
import type { JobRequest } from '../job-request.ts';
import type { PickedFolder } from '../output-folder.ts';

/** What the page keeps beside a journal, so that it can make the same plan again. */
interface Note {
  readonly target: Target;
  readonly options: PlanOptions;
  readonly settings: WorkSettings;
  /** Null for the browser storage. */
  readonly folder: PickedFolder | null;
  /** The repo at its commit, for a source on the Hub: the page can open it again. */
  readonly hub: { readonly repo: string; readonly revision: string; readonly endpoint: string } | null;
  /** A bundled sample by its id; older versions did not keep it. */
  readonly sample?: string | null;
}

/** A conversion that stopped before it was finished. */
export interface Unfinished extends Omit<StoredJournal, 'note'>, Note {
  /** True while another tab runs it. */
  readonly elsewhere: boolean;
  /** True when the browser storage no longer has any of its files. */
  readonly cleared: boolean;
}

/** The note of a job. It holds no token, and no file that the browser would copy. */
export function noteOf(
  { target, options, settings, folder, hub }: Omit<JobRequest, 'source' | 'plan'> & { readonly hub: HubFacts | null },
  source: SourceDescriptor,
): Note {
  const repo = source.kind === 'hub' && hub ? { repo: hub.repo, revision: hub.commit, endpoint: hub.endpoint } : null;
  return { target, options, settings, folder, hub: repo, sample: source.kind === 'sample' ? source.id : null };
}

/** The conversions of journals that this version can resume; `jobs` are those that have files in the browser storage. */
export function unfinishedOf(
  journals: readonly StoredJournal[],
  jobs: readonly StoredJob[],
  elsewhere: (job: string) => boolean,
): Unfinished[] {
  const stored = new Set(jobs.map(({ job }) => job));
  return journals.flatMap(({ note, ...journal }) => {
    if (!isNote(note)) return [];
    const cleared = note.folder === null && !stored.has(journal.job);
    return [{ ...journal, ...note, cleared, elsewhere: elsewhere(journal.job) }];
  });
}

/** An older version may have written the database. */
function isNote(value: unknown): value is Note {
  const note = value as Partial<Note> | null;
  return (
    typeof note?.target === 'string' && isTarget(note.target) && typeof note.options === 'object' && !!note.settings
  );
}

/**
 * Forgets a job and removes what it wrote into the browser storage; files in a picked folder stay.
 *
 * @throws LoomError `output-in-use` while another tab runs it.
 */
export async function forget({ job, folder }: Unfinished): Promise<void> {
  if ((await heldElsewhere())(job))
    throw new LoomError('output-in-use', 'Another tab is writing this conversion. Cancel it there.');
  if (folder === null) await removeJob(job);
  await removeJournal(job);
}

/**
 * The request that resumes a job: the same plan, made from the checkpoint that is open now.
 *
 * @throws LoomError what planning throws; `not-convertible` when the open checkpoint cannot be converted that way.
 */
export async function resumeRequest(unfinished: Unfinished): Promise<JobRequest> {
  const { source, hub } = useInspection.getState();
  const { target, options, settings, folder, job } = unfinished;
  if (!source) throw new LoomError('usage', 'Open the source first, then resume.');
  const plan = await inspectWorker().plan(target, options);
  if (plan.refusals.length > 0)
    throw new LoomError(
      'not-convertible',
      'The checkpoint that is open now cannot be converted like the unfinished one. Open the source of the unfinished conversion, then resume.',
    );
  return { source, hub, plan, target, options, settings, folder, resume: job };
}
