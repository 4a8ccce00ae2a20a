import type {
  ConvertApi,
  ConvertEvent,
  MemoryFile,
  SinkDescriptor,
  StorageTrial,
} from '../../../workers/convert/protocol.ts';
import type { ResultCard } from '../../../workers/inspect/protocol.ts';
import type { Supervised } from '../../../workers/link/supervise.ts';
import {
  type ConversionReport,
  directoryFiles,
  fromWire,
  isAbort,
  isLoomError,
  keepFolderResult,
  LoomError,
  listJobs,
  listJournals,
  plural,
  removeJob,
  removeJournal,
  type Target,
  toWire,
} from '../../core/index.ts';
import { noteRead, placeOfHub } from '../parts/reading-cost.ts';
import { useConversionPause } from '../state/conversion-pause.ts';
import { inspectWorker } from '../state/inspection.ts';
import { checkVersion } from '../state/version.ts';
import { startConvertWorker } from '../workers/convert.ts';
import { askToPersist } from './disk-space.ts';
import { closeDownloads, openBlobs, openDownloads } from './downloads.ts';
import { guardLeaving } from './guard-leaving.ts';
import { holdJob, letGoOfJob } from './hold-job.ts';
import { notePace, noteProgress, setPaused } from './job-pace.ts';
import type { JobRequest } from './job-request.ts';
import { isBusy, NO_JOB, useJob } from './job-store.ts';
import { assertWritable } from './output-folder.ts';
import { pinSource } from './pin-source.ts';
import { watchFavicon } from './seen/favicon.ts';
import { stayAwake } from './stay-awake.ts';
import { noteOf } from './stored/unfinished.ts';

/** A worker that has not ended this long after a cancel is ended from outside. */
const CANCEL_MS = 4000;
const PACE_MS = 500;
const REMOVE_TRIES = 10;
const REMOVE_MS = 200;
const NOTHING_WRITTEN = 'Nothing was written.';

let spare: Supervised<ConvertApi> | null = null;

/** Loads the worker before it is needed: a conversion then starts at once, also when the network is gone. */
export function warmUp(): void {
  if (!spare || spare.death()) spare = startConvertWorker();
}

function takeWorker(): Supervised<ConvertApi> {
  warmUp();
  const worker = spare ?? startConvertWorker();
  spare = null;
  return worker;
}

/** Writes to the browser storage as a conversion would, and says whether that works. @throws LoomError `part-not-loaded`. */
export function tryStorage(): Promise<StorageTrial> {
  warmUp();
  return (spare ?? startConvertWorker()).call.tryStorage();
}

interface Running {
  readonly job: string;
  readonly worker: Supervised<ConvertApi>;
  readonly abort: AbortController;
  readonly sink: SinkDescriptor;
  readonly ticker: ReturnType<typeof setInterval>;
  ended: boolean;
}

let running: Running | null = null;
let starts = 0;

/** Starts a conversion; the job store says how far it is and how it ended. */
export async function startJob(request: JobRequest): Promise<void> {
  if (isBusy(useJob.getState().status)) return;
  const mine = ++starts;
  guardLeaving();
  closeDownloads();
  letGoOfJob();
  stayAwake();
  watchFavicon();
  const { plan, target, folder } = request;
  const job = request.resume ?? newJobName(target);
  const sink = sinkOf(request, job);
  const output = sink.kind === 'directory' ? { kind: sink.kind, name: sink.handle.name, job } : sink;
  useJob.setState({ ...NO_JOB, status: folder ? 'asking' : 'running', source: plan.source, target, output, plan });
  try {
    if (!(await holdJob(job)))
      throw new LoomError(
        'output-in-use',
        'Another tab is writing this conversion. Watch it there, or close that tab and resume here.',
      );
    if (folder) await assertWritable(folder);
    else if (sink.kind === 'opfs') void askToPersist();
  } catch (error) {
    if (mine === starts) useJob.setState({ status: 'failed', error: loomError(error), aftermath: NOTHING_WRITTEN });
    return;
  }
  if (folder && !isAsking(mine)) return;
  await runInWorker(request, sink, job);
}

function sinkOf({ folder, inMemory = false }: JobRequest, job: string): SinkDescriptor {
  if (folder) return { kind: 'directory', handle: folder };
  return inMemory ? { kind: 'memory' } : { kind: 'opfs', job };
}

/** False when the person cancelled, or started another job, while the browser was asking. */
function isAsking(mine: number): boolean {
  return mine === starts && useJob.getState().status === 'asking';
}

async function runInWorker(request: JobRequest, sink: SinkDescriptor, job: string): Promise<void> {
  const worker = takeWorker();
  const ticker = setInterval(() => notePace(performance.now(), PACE_MS), PACE_MS);
  const mine: Running = { job, worker, abort: new AbortController(), sink, ticker, ended: false };
  running = mine;
  useJob.setState({ status: 'running' });
  const { port1, port2 } = new MessageChannel();
  const source = pinSource(request.source, request.hub);
  const listen = (event: ConvertEvent) => {
    if (running === mine) hear(event);
  };
  try {
    const inspector = inspectWorker();
    const sent = inspector.sendPlan(request.target, request.options, port1);
    const record = { job, note: noteOf(request, source), resume: request.resume !== undefined };
    const order = { source, sink, settings: request.settings, ...(sink.kind === 'memory' ? {} : { record }) };
    const ran = worker.call.run(order, port2, listen, mine.abort.signal);
    const [, report] = await Promise.all([sent, ran]);
    const blobs = sink.kind === 'memory' ? await worker.call.takeFiles() : [];
    end(mine);
    const seconds = useJob.getState().workedMs / 1000;
    if (request.resume === undefined) noteRead(placeOfHub(request.hub), report.verified.bytes, seconds, 'convert');
    const from = { repo: request.hub?.repo ?? null, revision: request.hub?.commit ?? null };
    const made = { source: from, proof: report.verified };
    // Another source may have been opened meanwhile: then there is no card, and all else stands.
    const card = await inspector.card(request.target, request.options, made).catch(() => null);
    await finish(report, card, mine, blobs);
  } catch (error) {
    if (!mine.ended) await endEarly(mine, loomError(error));
    else
      useJob.setState({
        status: 'failed',
        error: loomError(error),
        aftermath: 'The conversion itself was finished before that: its files are complete.',
      });
  }
}

function hear(event: ConvertEvent): void {
  if (event.type === 'pause') useConversionPause.setState({ pause: event.pause });
  else if (event.type === 'finalising') useJob.setState({ finalising: event.file });
  else if (event.type === 'unrecorded') useJob.setState({ unrecorded: event.reason });
  else if (event.type === 'checking') useJob.setState({ checking: event });
  else noteProgress(event.progress, performance.now());
}

async function finish(
  report: ConversionReport,
  card: ResultCard | null,
  { sink, job }: Running,
  blobs: readonly MemoryFile[],
): Promise<void> {
  if (sink.kind === 'directory') await keepInFolder(job, sink.handle, report);
  const files = sink.kind === 'opfs' ? await openDownloads(sink.job) : openBlobs(blobs);
  useJob.setState({ status: 'done', report, card, files, finalising: null });
}

/** Remembers where the result is. Where the browser keeps no database, the person opens the folder as any other. */
async function keepInFolder(job: string, folder: FileSystemDirectoryHandle, report: ConversionReport): Promise<void> {
  try {
    const files = await directoryFiles(folder).list();
    const bytes = files.reduce((sum, file) => sum + file.byteLength, 0);
    await keepFolderResult({ job, folder, files: files.length, bytes, report });
  } catch {
    // The result is in the folder all the same.
  }
}

/** Ends the worker, and the timer that measures its pace. */
function end(mine: Running): void {
  mine.ended = true;
  useConversionPause.setState({ pause: null });
  clearInterval(mine.ticker);
  mine.worker.dispose();
  if (running === mine) running = null;
}

/** After a failure or a cancel: removes what was written, or says in a sentence what is left. */
async function endEarly(mine: Running, error: LoomError): Promise<void> {
  const died = mine.worker.death() !== null;
  end(mine);
  const stays = isAbort(error) ? null : await whatStays(mine.job);
  const left = stays ?? (await cleanUp(mine, died));
  const aftermath = died || stays !== null || useJob.getState().progress !== null ? left : NOTHING_WRITTEN;
  letGoOfJob();
  if (error.tag === 'part-not-loaded') void checkVersion();
  if (isAbort(error)) useJob.setState({ status: 'cancelled', aftermath, finalising: null });
  else useJob.setState({ status: 'failed', error, aftermath, finalising: null });
}

/** What can be resumed of an interrupted conversion: a sentence; null when that is nothing. */
async function whatStays(job: string): Promise<string | null> {
  const journal = (await listJournals()).find((stored) => stored.job === job);
  if (!journal || journal.finished === 0) return null;
  const { finished, head } = journal;
  return `${finished} of ${plural(head.shards.length, 'shard')} ${finished === 1 ? 'is' : 'are'} finished and kept. To use them, press "Resume" under "Unfinished conversions".`;
}

async function cleanUp({ sink, job }: Running, died: boolean): Promise<string> {
  await removeJournal(job).catch(() => undefined);
  if (sink.kind === 'directory') {
    return died
      ? `Unfinished files may be left in the folder ${sink.handle.name}. Empty the folder before you use it again.`
      : `Nothing was left behind: everything that was written into the folder ${sink.handle.name} was removed.`;
  }
  if (sink.kind === 'memory') return 'Nothing was left behind: the files were in memory only.';
  const left = !(await isRemoved(sink.job));
  return left
    ? 'Some written files could not be removed. Delete them under "Leftover files".'
    : 'Nothing was left behind: everything that was written was removed.';
}

/** Removes a job. Tries again, because the files of a worker that was ended stay locked for a moment. */
async function isRemoved(job: string): Promise<boolean> {
  for (let tries = 0; tries < REMOVE_TRIES; tries++) {
    await removeJob(job).catch(() => undefined);
    if (!(await listJobs()).some((stored) => stored.job === job)) return true;
    await new Promise((resolve) => setTimeout(resolve, REMOVE_MS));
  }
  return false;
}

/** Stops before the next piece is written, until {@link resumeJob}. */
export function pauseJob(): void {
  if (!running || useJob.getState().status !== 'running') return;
  setPaused(true);
  void running.worker.call.pause().catch(() => undefined);
}

/** Continues after a pause. */
export function resumeJob(): void {
  if (!running || useJob.getState().status !== 'paused') return;
  setPaused(false);
  void running.worker.call.resume().catch(() => undefined);
}

/** Stops at once and removes what was written; a worker that does not stop is ended. */
export function cancelJob(): void {
  const mine = running;
  if (useJob.getState().status === 'asking') {
    useJob.setState({ status: 'cancelled', aftermath: NOTHING_WRITTEN });
    return;
  }
  if (!mine || !isBusy(useJob.getState().status)) return;
  useJob.setState({ status: 'cancelling' });
  mine.abort.abort();
  // A picked folder is cleaned by the worker alone, and the browser may be copying a finished file there.
  if (mine.sink.kind !== 'directory') setTimeout(() => mine.ended || mine.worker.dispose(), CANCEL_MS);
}

/** Forgets an ended job; its files stay where they are. */
export function clearJob(): void {
  if (isBusy(useJob.getState().status)) return;
  closeDownloads();
  letGoOfJob();
  useJob.setState(NO_JOB);
}

/** `20261122-213005-stacked-4f1c`: sorts by time, and tells jobs of one second apart. */
function newJobName(target: Target): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const random = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  return `${time}-${target}-${random.toString(16).padStart(4, '0')}`;
}

function loomError(error: unknown): LoomError {
  return isLoomError(error) ? error : fromWire(toWire(error));
}
