import { useQuery, useQueryClient } from '@tanstack/react-query';
import {
  type ConversionReport,
  isFinishedJob,
  jobFile,
  type KnownFolderResult,
  listFolderResults,
  listJobs,
  listJournals,
  REPORT_FILE,
  type ResultFacts,
  resultFacts,
  type StoredJob,
} from '../../../core/index.ts';
import { heldElsewhere } from '../hold-job.ts';
import { type Unfinished, unfinishedOf } from './unfinished.ts';

const KEY = ['stored jobs'];
/** A report longer than this is not ours. */
const LONGEST_REPORT = 64e6;

/** A conversion that reached its end and whose result this browser still has or knows. */
export interface Finished {
  readonly job: string;
  /** Name of the picked folder; null for the storage of this browser. */
  readonly folder: string | null;
  readonly files: number;
  readonly bytes: number;
  /** Null when the report cannot be read. */
  readonly facts: ResultFacts | null;
  /** True while another tab shows or reads it. */
  readonly elsewhere: boolean;
}

/** Everything that earlier conversions left. */
export interface Stored {
  /** Newest first. */
  readonly finished: readonly Finished[];
  readonly unfinished: readonly Unfinished[];
  /** Files in the browser storage whose record is gone: they can only be deleted. */
  readonly leftovers: readonly StoredJob[];
}

const NOTHING: Stored = { finished: [], unfinished: [], leftovers: [] };

/**
 * Everything that earlier conversions left, read in one go: when a view opens, when a job of this page begins or ends
 * (`status`), and when the tab is looked at again.
 */
export function useStored(status: string): Stored {
  const { data } = useQuery({ queryKey: [...KEY, status], queryFn: readStored, staleTime: 0, gcTime: 0 });
  return data ?? NOTHING;
}

/** Reads again what is stored. */
export function useRefreshStored(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: KEY });
}

async function readStored(): Promise<Stored> {
  const [jobs, journals, folders, elsewhere] = await Promise.all([
    listJobs(),
    listJournals(),
    listFolderResults(),
    heldElsewhere(),
  ]);
  const unfinished = unfinishedOf(journals, jobs, elsewhere);
  const known = new Set(unfinished.map(({ job }) => job));
  const rest = jobs.filter(({ job }) => !known.has(job));
  const here = await Promise.all(
    rest.filter(({ files }) => isFinishedJob(files)).map((stored) => inStorage(stored, elsewhere)),
  );
  const finished = [...here, ...folders.map((result) => inFolder(result, elsewhere))];
  return {
    finished: finished.sort((a, b) => (a.job < b.job ? 1 : -1)),
    unfinished,
    leftovers: rest.filter(({ files }) => !isFinishedJob(files)),
  };
}

async function inStorage({ job, bytes, files }: StoredJob, elsewhere: (job: string) => boolean): Promise<Finished> {
  const report = await readReport(job).catch(() => null);
  return { job, folder: null, files: files.length, bytes, facts: resultFacts(report), elsewhere: elsewhere(job) };
}

function inFolder(result: KnownFolderResult, elsewhere: (job: string) => boolean): Finished {
  const { job, folder, files, bytes, facts } = result;
  return { job, folder: folder.name, files, bytes, facts, elsewhere: elsewhere(job) };
}

/** The report of a result in the browser storage; null when the file is no report. */
export async function readReport(job: string): Promise<ConversionReport | null> {
  const file = await jobFile(job, REPORT_FILE);
  if (file.size > LONGEST_REPORT) return null;
  const report: unknown = JSON.parse(await file.text());
  return resultFacts(report) === null ? null : (report as ConversionReport);
}
