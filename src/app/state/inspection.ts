import { create } from 'zustand';
import type { LayerPictures } from '../../../workers/inspect/layer-pictures.ts';
import type {
  HubFacts,
  InspectApi,
  InspectEvent,
  MapSummary,
  OpenCounts,
  SourceDescriptor,
} from '../../../workers/inspect/protocol.ts';
import type { Client, Supervised } from '../../../workers/link/supervise.ts';
import {
  type ExpertMap,
  fromWire,
  isAbort,
  isLoomError,
  type LoomError,
  type Pause,
  toWire,
} from '../../core/index.ts';
import { addressStore } from './address-store.ts';
import { loadPart } from './version.ts';

/** The checkpoint in front of the person, as far as it is known. */
export interface InspectionState {
  readonly status: 'idle' | 'opening' | 'open' | 'failed';
  readonly source: SourceDescriptor | null;
  /** What distinguishes this opening from every other: part of every query key. */
  readonly key: string;
  readonly hub: HubFacts | null;
  readonly counts: OpenCounts;
  readonly map: ExpertMap | null;
  readonly summary: MapSummary | null;
  /** True once every shard has answered. */
  readonly complete: boolean;
  /** The layer that was drawn while the checkpoint was opened; null until then. */
  readonly drawn: LayerPictures | null;
  readonly error: LoomError | null;
  /** Why and until when all requests to the Hub wait. */
  readonly pause: Pause | null;
  /** True while what could not be read is read again; what was read stays as it is. */
  readonly retrying: boolean;
  /** Why reading again came to nothing. */
  readonly retryError: LoomError | null;
}

const NO_COUNTS: OpenCounts = { requests: 0, bytes: 0, shardsDone: 0, shards: 0 };
const CLOSED: InspectionState = {
  status: 'idle',
  source: null,
  key: '',
  hub: null,
  counts: NO_COUNTS,
  map: null,
  summary: null,
  complete: false,
  drawn: null,
  error: null,
  pause: null,
  retrying: false,
  retryError: null,
};

/** The open checkpoint; one at a time. */
export const useInspection = create<InspectionState>()(() => CLOSED);

interface Running {
  /** Null until its code has come. */
  worker: Supervised<InspectApi> | null;
  readonly abort: AbortController;
  /** Stops the reading again that is under way. */
  again: AbortController | null;
}

let running: Running | null = null;
let openings = 0;

/** Opens a source and closes what is open; what goes wrong becomes the state `failed`. */
export function openSource(source: SourceDescriptor): void {
  end();
  openings += 1;
  const mine: Running = { worker: null, abort: new AbortController(), again: null };
  running = mine;
  useInspection.setState({ ...CLOSED, status: 'opening', source, key: `opening ${openings}` });
  const fail = (error: unknown) => {
    if (running !== mine) return;
    useInspection.setState({ status: 'failed', error: loomError(error), pause: null });
  };
  const listen = (event: InspectEvent) => {
    if (running === mine) useInspection.setState(patchOf(event));
  };
  loadClient()
    .then(async ({ startInspectWorker }) => {
      if (running !== mine) return;
      const worker = startInspectWorker();
      mine.worker = worker;
      worker.onDeath(fail);
      await worker.call.open(source, addressStore.getState().address.layer, listen, mine.abort.signal);
      if (running === mine) useInspection.setState({ status: 'open' });
    })
    .catch(fail);
}

/** What speaks with the worker. @throws LoomError `part-not-loaded`. */
function loadClient() {
  return loadPart(() => import('../workers/inspect.ts'), 'The inspecting worker');
}

/** Loads what an opening needs before anyone opens something: the network may be gone by then. */
export function prepareOpening(): void {
  void import('../workers/inspect.ts').catch(() => undefined);
}

function loomError(error: unknown): LoomError {
  return isLoomError(error) ? error : fromWire(toWire(error));
}

function patchOf(event: InspectEvent): Partial<InspectionState> {
  if (event.type === 'hub') return { hub: event.facts, key: keyOf(event.facts) };
  if (event.type === 'counts') return { counts: event.counts };
  if (event.type === 'pause') return { pause: event.pause };
  if (event.type === 'layer') return { drawn: event.pictures };
  return { map: event.map, summary: event.summary, complete: event.complete };
}

/** Stops an opening where it is; what was read stays on screen as failed. */
export function cancelOpening(): void {
  const { status } = useInspection.getState();
  if (status !== 'opening' || !running) return;
  running.abort.abort();
  const error = fromWire({ tag: 'cancelled', message: 'You stopped the opening. Nothing was written.', fields: {} });
  useInspection.setState({ status: 'failed', error, pause: null });
  end();
}

/** Reads again the files of the open checkpoint that could not be read; all else stays, also when this fails. */
export async function retryUnread(): Promise<void> {
  const mine = running;
  const worker = mine?.worker;
  const { status, retrying, hub } = useInspection.getState();
  if (!mine || !worker || status !== 'open' || retrying) return;
  const again = new AbortController();
  mine.again = again;
  useInspection.setState({ retrying: true, retryError: null });
  const isCurrent = () => running === mine && mine.again === again;
  const patches: Partial<InspectionState>[] = [];
  const listen = (event: InspectEvent) => {
    if (!isCurrent()) return;
    // The worker answers for the old checkpoint until the call ends: the new map is shown then.
    if (event.type === 'map') patches.push(patchOf(event));
    else useInspection.setState(patchOf(event));
  };
  try {
    await worker.call.readAgain(listen, again.signal);
    openings += 1;
    const key = hub ? keyOf(hub) : `opening ${openings}`;
    if (isCurrent()) useInspection.setState({ ...patches.at(-1), key, retrying: false });
  } catch (error) {
    const retryError = isAbort(error) ? null : loomError(error);
    if (isCurrent()) useInspection.setState({ retrying: false, retryError, pause: null });
  }
}

/** Stops reading again; what was read before stays. */
export function cancelRetry(): void {
  running?.again?.abort();
}

/** True for a checkpoint of dense layers of which it is known that it has no routed experts. */
export function isDense({ map, summary }: Pick<InspectionState, 'map' | 'summary'>): boolean {
  return summary?.absence?.known === true && isAllDense(map);
}

/** True for a checkpoint that is read to the end and has no tensor whose name puts it into a layer. */
export function hasNoLayers({ map, complete }: Pick<InspectionState, 'map' | 'complete'>): boolean {
  return complete && map !== null && map.rows.length === 0;
}

/** Why it is not known whether a checkpoint whose layers all look dense has routed experts; null elsewhere. */
export function doubtedExperts({ map, summary }: Pick<InspectionState, 'map' | 'summary'>): string | null {
  const absence = summary?.absence ?? null;
  return absence !== null && !absence.known && isAllDense(map) ? absence.message : null;
}

function isAllDense(map: ExpertMap | null): boolean {
  return map !== null && map.rows.length > 0 && map.rows.every(({ kind }) => kind === 'dense');
}

/** Names one opening of a repo's commit: reading again is another, for it may find more. */
function keyOf(hub: HubFacts): string {
  return `${hub.repo}@${hub.commit}/${hub.path} ${openings}`;
}

/** Opens the same source again. */
export function retryOpening(): void {
  const { source } = useInspection.getState();
  if (source) openSource(source);
}

/** Opens the same source again, its shards without the index beside them. */
export function openWithoutIndex(): void {
  const { source } = useInspection.getState();
  if (source) openSource({ ...source, withoutIndex: true });
}

/** Releases what is open. */
export function closeSource(): void {
  end();
  useInspection.setState(CLOSED);
}

function end(): void {
  running?.worker?.dispose();
  running = null;
}

/** The worker of the open checkpoint. @throws LoomError `cancelled` when none is open. */
export function inspectWorker(): Client<InspectApi> {
  if (running?.worker) return running.worker.call;
  throw fromWire({ tag: 'cancelled', message: 'No checkpoint is open.', fields: {} });
}
