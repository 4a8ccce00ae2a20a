import type { SourceDescriptor } from '../../../../workers/inspect/protocol.ts';
import { findFolderResult, forgetFolderResult, LoomError, removeJob } from '../../../core/index.ts';
import { addressStore, go } from '../../state/address-store.ts';
import { closeComparison, retryComparison, useComparison } from '../../state/comparison.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { retryOpening, useInspection } from '../../state/inspection.ts';
import { openDownloads } from '../downloads.ts';
import { heldElsewhere, holdJob } from '../hold-job.ts';
import { NO_JOB, useJob } from '../job-store.ts';
import { type Finished, readReport } from './stored.ts';

/** Opens the result of a conversion as the checkpoint of this page; the address names it. */
export function openStored(job: string): void {
  go({ ...EMPTY, job, view: 'map' });
}

/**
 * Shows the report and files of a conversion that finished earlier, in the Convert view.
 *
 * @throws LoomError `path-not-found` when the result or its report is gone.
 */
export async function showStored({ job, folder }: Finished): Promise<void> {
  const report = folder === null ? await readReport(job) : ((await findFolderResult(job))?.report ?? null);
  if (!report) throw new LoomError('path-not-found', 'The report of this conversion is missing or damaged.');
  const files = folder === null ? await openDownloads(job) : [];
  await holdJob(job);
  useJob.setState({
    ...NO_JOB,
    status: 'done',
    source: report.source,
    target: report.target,
    output: folder === null ? { kind: 'opfs', job } : { kind: 'directory', name: folder, job },
    report,
    files,
  });
  go({ view: 'convert' });
}

/**
 * Deletes a result from the browser storage, and closes it where this tab has it open. Of a result in a picked folder it
 * forgets where it is; the files stay.
 *
 * @throws LoomError `output-in-use` while another tab reads or shows it.
 */
export async function deleteStored({ job, folder }: Pick<Finished, 'job' | 'folder'>): Promise<void> {
  const { source } = useInspection.getState();
  const compared = useComparison.getState().source;
  const openHere = source?.kind === 'job' && source.job === job;
  const comparedHere = compared?.kind === 'job' && compared.job === job;
  if (!openHere && !comparedHere && (await heldElsewhere())(job))
    throw new LoomError('output-in-use', 'Another tab has this result open. Close it there, then delete it here.');
  if (comparedHere) {
    closeComparison();
    const { compare } = addressStore.getState().address;
    go({ compare: { ...compare, with: null } });
  }
  if (openHere) go({ ...EMPTY, view: 'map' });
  await (folder === null ? removeJob(job) : forgetFolderResult(job));
}

/**
 * Asks the browser whether this page may read the folder of a result, and opens the result when it may. Call it when a
 * button is pressed: browsers ask only then.
 */
export async function allowReading(job: string): Promise<void> {
  await askToRead({ kind: 'job', job });
  retryOpening();
}

/** The same for the second checkpoint of a comparison, which is then opened again. */
export async function allowReadingOther(): Promise<void> {
  const { source } = useComparison.getState();
  if (source) await askToRead(source);
  retryComparison();
}

/** Asks for the folder of a result or of dropped files; the opening that follows reports a refusal. */
async function askToRead(source: SourceDescriptor): Promise<void> {
  type Asking = FileSystemDirectoryHandle & {
    requestPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
  };
  const result = source.kind === 'job' ? await findFolderResult(source.job) : undefined;
  const folder: Asking | undefined = source.kind === 'directory' ? source.handle : result?.folder;
  await folder?.requestPermission?.({ mode: 'read' }).catch(() => undefined);
}
