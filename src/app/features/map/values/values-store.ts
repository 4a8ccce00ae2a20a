import { create } from 'zustand';
import type { Supervised } from '../../../../../workers/link/supervise.ts';
import type { ValuesApi, ValuesEvent, ValuesOutcome } from '../../../../../workers/values/protocol.ts';
import {
  type ExpertMap,
  fromWire,
  isAbort,
  isLoomError,
  type LoomError,
  type StatisticsProgress,
  type StatisticsScope,
  toWire,
  type ValueFinding,
} from '../../../../core/index.ts';
import { pinSource } from '../../../jobs/pin-source.ts';
import { addSample, type Pace, paceOf, type Sample } from '../../../jobs/rate.ts';
import { noteRead, placeOfHub } from '../../../parts/reading-cost.ts';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { startValuesWorker } from '../../../workers/values.ts';
import { type Measured, withMatrices } from './statistics.ts';

/** The measured values of the open checkpoint, and the running measurement. */
export interface ValuesState {
  /** The opening to which the values belong; empty without values. */
  readonly key: string;
  readonly status: 'idle' | 'running' | 'cancelling' | 'done' | 'cancelled' | 'failed';
  /** What is measured now, or was measured last. */
  readonly scope: StatisticsScope;
  readonly progress: StatisticsProgress | null;
  readonly pace: Pace;
  readonly measured: Measured;
  /** Prefixes of the layers that are fully measured. */
  readonly whole: ReadonlySet<string>;
  readonly findings: readonly ValueFinding[];
  readonly outcome: ValuesOutcome | null;
  readonly error: LoomError | null;
}

const NOTHING: ValuesState = {
  key: '',
  status: 'idle',
  scope: {},
  progress: null,
  pace: { rate: null, left: null },
  measured: new Map(),
  whole: new Set(),
  findings: [],
  outcome: null,
  error: null,
};

export const useValues = create<ValuesState>()(() => NOTHING);

interface Running {
  readonly worker: Supervised<ValuesApi>;
  /** The picture of the checkpoint that the worker holds: another one means that more of it has been read since. */
  readonly map: ExpertMap | null;
  readonly key: string;
}

function isCurrent(held: Running): boolean {
  const { key, map } = useInspection.getState();
  return held.key === key && held.map === map && !held.worker.death();
}

let running: Running | null = null;
let abort: AbortController | null = null;
let samples: readonly Sample[] = [];

/** Measures a scope in addition to what is measured. Progress and results are in the store. */
export async function startMeasuring(scope: StatisticsScope): Promise<void> {
  const { key } = useInspection.getState();
  const before = useValues.getState();
  if (before.status === 'running' || before.status === 'cancelling') return;
  const kept = running && isCurrent(running) ? before : { ...NOTHING, key };
  const mine = new AbortController();
  abort = mine;
  samples = [];
  const none = { progress: null, pace: NOTHING.pace, outcome: null, error: null };
  useValues.setState({ ...kept, ...none, status: 'running', scope });
  try {
    const worker = await workerFor(key, mine.signal);
    const listen = (event: ValuesEvent) => {
      if (abort === mine) hear(event);
    };
    const outcome = await worker.call.measure(scope, 'auto', listen, mine.signal);
    noteRead(placeOfHub(useInspection.getState().hub), outcome.bytes, outcome.seconds);
    if (abort === mine) useValues.setState({ status: 'done', outcome });
  } catch (error) {
    if (abort !== mine) return;
    const known = isLoomError(error) ? error : fromWire(toWire(error));
    useValues.setState(isAbort(known) ? { status: 'cancelled' } : { status: 'failed', error: known });
  }
}

/** Stops the measurement and keeps measured values. */
export function cancelMeasuring(): void {
  if (useValues.getState().status !== 'running') return;
  useValues.setState({ status: 'cancelling' });
  abort?.abort();
}

/** The worker that holds this checkpoint; started if there is none. */
async function workerFor(key: string, signal: AbortSignal): Promise<Supervised<ValuesApi>> {
  if (running && isCurrent(running)) return running.worker;
  running?.worker.dispose();
  running = null;
  const { source, hub, map } = useInspection.getState();
  if (!source) throw fromWire({ tag: 'cancelled', message: 'No checkpoint is open.', fields: {} });
  const worker = startValuesWorker();
  const { port1, port2 } = new MessageChannel();
  try {
    const sent = inspectWorker().sendCheckpoint(port1);
    await Promise.all([sent, worker.call.open(pinSource(source, hub), port2, signal)]);
  } catch (error) {
    worker.dispose();
    throw error;
  }
  running = { worker, map, key };
  return worker;
}

function hear(event: ValuesEvent): void {
  const state = useValues.getState();
  if (event.type === 'matrices') useValues.setState({ measured: withMatrices(state.measured, event.matrices) });
  else if (event.type === 'layers') useValues.setState({ whole: new Set([...state.whole, ...event.prefixes]) });
  else if (event.type === 'findings') useValues.setState({ findings: event.findings });
  else {
    const now = performance.now();
    const { progress } = event;
    samples = addSample(samples, { at: now, done: progress.done });
    useValues.setState({ progress, pace: paceOf(samples, now, progress.total) });
  }
}

/** Clears the values when another checkpoint is opened. */
useInspection.subscribe(({ key }) => {
  const known = useValues.getState().key;
  if (known === '' || known === key) return;
  abort?.abort();
  abort = null;
  running?.worker.dispose();
  running = null;
  useValues.setState(NOTHING, true);
});
