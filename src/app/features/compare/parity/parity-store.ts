import { create } from 'zustand';
import type { SourceDescriptor } from '../../../../../workers/inspect/protocol.ts';
import type { Supervised } from '../../../../../workers/link/supervise.ts';
import type { ParityApi, ParityRequest } from '../../../../../workers/parity/protocol.ts';
import {
  fromWire,
  isAbort,
  isLoomError,
  type LoomError,
  type ParityJson,
  type ParityProgress,
  toWire,
} from '../../../../core/index.ts';
import { pinSource } from '../../../jobs/pin-source.ts';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { startParityWorker } from '../../../workers/parity.ts';

export interface ParityState {
  readonly status: 'idle' | 'running' | 'cancelling' | 'done' | 'cancelled' | 'failed';
  /** The opening that was computed. */
  readonly key: string;
  readonly progress: ParityProgress | null;
  readonly report: ParityJson | null;
  readonly error: LoomError | null;
}

const NOTHING: ParityState = { status: 'idle', key: '', progress: null, report: null, error: null };

/** The layer that is being computed, or was last; one at a time, kept while other views are looked at. */
export const useParity = create<ParityState>()(() => NOTHING);

interface Running {
  readonly abort: AbortController;
  worker: Supervised<ParityApi> | null;
}

let running: Running | null = null;

/** Computes a layer of the open checkpoint, and of `other` where it is given. */
export async function computeParity(request: ParityRequest, other: SourceDescriptor | null): Promise<void> {
  stop();
  const { source, hub, key } = useInspection.getState();
  if (!source) return;
  const mine: Running = { abort: new AbortController(), worker: startParityWorker() };
  running = mine;
  useParity.setState({ ...NOTHING, status: 'running', key });
  const { worker, abort } = mine;
  const { port1, port2 } = new MessageChannel();
  const hear = (progress: ParityProgress) => {
    if (running === mine) useParity.setState({ progress });
  };
  try {
    const sent = inspectWorker().sendCheckpoint(port1);
    const run = worker?.call.run(pinSource(source, hub), other, port2, request, hear, abort.signal);
    const [report] = await Promise.all([run, sent]);
    if (running === mine) useParity.setState({ status: 'done', report: report ?? null });
  } catch (error) {
    if (running !== mine) return;
    const known = isLoomError(error) ? error : fromWire(toWire(error));
    useParity.setState(isAbort(known) ? { status: 'cancelled' } : { status: 'failed', error: known });
  } finally {
    // WebAssembly gives no memory back: the worker ends with its work
    worker?.dispose();
    if (running === mine) running = null;
  }
}

/** Stops at once. A session that computes cannot hear of it, so the worker itself is ended. */
export function cancelParity(): void {
  if (!running) return;
  stop();
  useParity.setState({ status: 'cancelled' });
}

function stop(): void {
  const ended = running;
  running = null;
  ended?.abort.abort();
  ended?.worker?.dispose();
}

/** Another checkpoint has other layers. */
useInspection.subscribe(({ key }) => {
  const known = useParity.getState().key;
  if (known === '' || known === key) return;
  stop();
  useParity.setState(NOTHING, true);
});
