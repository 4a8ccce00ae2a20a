import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ConversionReport, jobFile, listJobs, type StoredJob } from '../../core/index.ts';
import { openDownloads } from './downloads.ts';
import { holdJob } from './hold-job.ts';
import { NO_JOB, useJob } from './job-store.ts';

const KEY = ['stored jobs'];
/** The last file that a conversion writes. */
const LAST_FILE = 'model.safetensors.index.json';
const REPORT_FILE = 'moe-loom-report.json';

/** What earlier conversions left in the browser storage; looked up anew when the view opens and when a job ends. */
export function useStoredJobs(status: string) {
  return useQuery({ queryKey: [...KEY, status], queryFn: listJobs, staleTime: 0, gcTime: 0 });
}

/** Looks again at what is stored. */
export function useRefreshStored(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: KEY });
}

/** True when a stored conversion reached its end. */
export function isFinished(stored: StoredJob): boolean {
  return stored.files.some((file) => file.name === LAST_FILE);
}

/** Shows the report and files of a conversion that finished earlier. */
export async function showStored(stored: StoredJob): Promise<void> {
  const report = JSON.parse(await (await jobFile(stored.job, REPORT_FILE)).text()) as ConversionReport;
  const files = await openDownloads(stored.job);
  await holdJob(stored.job);
  useJob.setState({
    ...NO_JOB,
    status: 'done',
    source: report.source,
    target: report.target,
    output: { kind: 'opfs', job: stored.job },
    report,
    files,
  });
}

/** `20261122-213005-stacked-4f1c` → `stacked, 2026-11-22 21:30 UTC`. */
export function jobName(job: string): string {
  const match = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d-(.+)-[0-9a-f]{4}$/.exec(job);
  if (!match) return job;
  const [, year, month, day, hour, minute, target] = match;
  return `${target}, ${year}-${month}-${day} ${hour}:${minute} UTC`;
}
