import {
  type ConversionPlan,
  createOpfsSink,
  createPickedFolderSink,
  LoomError,
  type Progress,
  type Sink,
} from '../src/core/index.ts';
import type { ConvertEvent, SinkDescriptor } from './convert-protocol.ts';

/** Least time between two progress events of one file, in ms. */
const EVENT_MS = 100;

/** The sink that a descriptor stands for. */
export function openSink(sink: SinkDescriptor, tell: (event: ConvertEvent) => void): Promise<Sink> {
  if (sink.kind === 'opfs') return createOpfsSink(sink.job);
  return createPickedFolderSink(sink.handle, { onFinalising: (file) => tell({ type: 'finalising', file }) });
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
