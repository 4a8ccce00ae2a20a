import {
  type ConversionPlan,
  type CreateStreamDigest,
  createMemorySink,
  createOpfsSink,
  createPickedFolderSink,
  DEFAULT_BUDGET_BYTES,
  type FileSet,
  isLoomError,
  type Journal,
  type Leftovers,
  LoomError,
  leftoversOf,
  MEMORY_OUTPUT_BYTES,
  openStoredJournal,
  type Pause,
  type Progress,
  type Sink,
  verifySourceHashes,
} from '../../src/core/index.ts';
import { createFlusher } from '../link/flusher.ts';
import { openSource } from '../link/sources.ts';
import type { ConvertEvent, ConvertRequest, SinkDescriptor, WorkSettings } from './protocol.ts';
import { forgetCleared, openRecord } from './record.ts';

/** Least time between two progress events of one file, in ms. */
const EVENT_MS = 100;

export const USUAL: WorkSettings = { engine: 'auto', memoryBytes: DEFAULT_BUDGET_BYTES, sha256: false };

/**
 * The sink that a request names, and its journal where it has one. What a job to continue with left is adopted.
 *
 * @throws LoomError `resume-refused` when source or plan is another, `path-not-found` when nothing is known of the job.
 */
export async function openOutput(
  { sink, record }: ConvertRequest,
  plan: ConversionPlan,
  files: FileSet,
  tell: (event: ConvertEvent) => void,
  signal: AbortSignal,
): Promise<{ readonly sink: Sink; readonly journal: Journal | undefined }> {
  if (!record) return { sink: await openSink(sink, tell), journal: undefined };
  if (!record.resume) return { sink: await openSink(sink, tell), journal: await openRecord(record, tell) };
  const journal = await openStoredJournal(record.job, record.note);
  if (journal.head === null)
    throw new LoomError('path-not-found', `This browser knows of no unfinished conversion ${record.job} any more.`);
  if (sink.kind === 'opfs') await forgetCleared(journal, sink.job);
  const leftovers = await leftoversOf(plan, files, journal, signal);
  return { sink: await openSink(sink, tell, leftovers), journal };
}

/** What opening a source needs. */
interface SourceWork {
  readonly digest: CreateStreamDigest;
  readonly tell: (event: ConvertEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Opens the source of a request, checks its hashes where that was asked for, and gives its files to `use`. A cached header
 * of a file with a wrong hash may be wrong too, and is removed.
 *
 * @throws LoomError `source-hash-wrong`, and what opening and `use` throw.
 */
export async function withSource<T>(
  { source, settings = USUAL }: ConvertRequest,
  work: SourceWork,
  use: (files: FileSet) => Promise<T>,
): Promise<T> {
  const onPause = (pause: Pause | null) => work.tell({ type: 'pause', pause });
  const { files, repo } = await openSource(source, { signal: work.signal, onPause });
  try {
    if (settings.checkSource) await insistOnSource(files, work);
    return await use(files);
  } catch (error) {
    const stated = isLoomError(error) && error.tag === 'source-hash-wrong' && error.fields.stated;
    if (stated) await repo?.cache?.remove(`sha256:${stated}`);
    throw error;
  }
}

/** @throws LoomError `source-hash-wrong` when a source file does not match its stated hash. */
async function insistOnSource(files: FileSet, { digest, tell, signal }: SourceWork): Promise<void> {
  let told = 0;
  const onProgress = (done: number, total: number) => {
    if (performance.now() - told < EVENT_MS && done < total) return;
    told = performance.now();
    tell({ type: 'checking', done, total });
  };
  const { wrong } = await verifySourceHashes(files, { digest, signal, onProgress });
  const [first] = wrong;
  if (!first) return;
  const names = wrong.map(({ file }) => file).join(', ');
  const message = `${names} ${wrong.length === 1 ? 'does' : 'do'} not match the stated sha256 (${first.file}: stated ${first.stated}, read ${first.found}). The files were corrupted during the download or on disk. Nothing was written. Download them again, then retry.`;
  throw new LoomError('source-hash-wrong', message, first);
}

async function openSink(
  sink: SinkDescriptor,
  tell: (event: ConvertEvent) => void,
  leftovers?: Leftovers,
): Promise<Sink> {
  if (sink.kind === 'memory') return createMemorySink('memory of this tab', MEMORY_OUTPUT_BYTES);
  if (sink.kind === 'opfs') return createOpfsSink(sink.job, { leftovers, flusher: createFlusher() });
  const onFinalising = (file: string | null) => tell({ type: 'finalising', file });
  return createPickedFolderSink(sink.handle, { onFinalising, leftovers });
}

/** The first message of a port, which is then closed. @throws LoomError `cancelled`, `internal`. */
export function receivePlan(port: MessagePort, signal: AbortSignal): Promise<ConversionPlan> {
  return new Promise((resolve, reject) => {
    const stop = () => settle(() => reject(new LoomError('cancelled', 'The work was stopped.')));
    const settle = (then: () => void) => {
      signal.removeEventListener('abort', stop);
      port.close();
      then();
    };
    signal.addEventListener('abort', stop);
    port.onmessage = (event: MessageEvent<ConversionPlan>) => settle(() => resolve(event.data));
    port.onmessageerror = () => settle(() => reject(new LoomError('internal', 'The plan could not be handed over.')));
    if (signal.aborted) stop();
  });
}

/** A gate that pause closes and resume, or the end of the work, opens. */
export function createGate(): {
  readonly wait: (signal: AbortSignal) => Promise<void>;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly isClosed: () => boolean;
} {
  let closed: { readonly opened: Promise<void>; readonly open: () => void } | null = null;
  return {
    wait: async (signal) => {
      if (!closed || signal.aborted) return;
      let stop = () => {};
      const aborted = new Promise<void>((resolve) => {
        stop = resolve;
      });
      signal.addEventListener('abort', stop, { once: true });
      await Promise.race([closed.opened, aborted]);
      signal.removeEventListener('abort', stop);
    },
    pause: () => {
      let open = () => {};
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      closed ??= { opened, open };
    },
    resume: () => {
      closed?.open();
      closed = null;
    },
    isClosed: () => closed !== null,
  };
}

/** Passes on progress when the phase or file changes, at the end, and otherwise about ten times a second. */
export function createTeller(tell: (event: ConvertEvent) => void): (progress: Progress) => void {
  let last: Progress | null = null;
  let told = 0;
  return (progress) => {
    const now = performance.now();
    const same = last?.phase === progress.phase && last.file === progress.file;
    last = progress;
    if (same && now - told < EVENT_MS && progress.done !== progress.total) return;
    told = now;
    tell({ type: 'progress', progress });
  };
}
