import { create } from 'zustand';
import type { CompareApi, CompareHead, ValueProgress, ValueSelection } from '../../../workers/compare/protocol.ts';
import type { InspectEvent, MapSummary, OpenCounts, SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import type { Client, Supervised } from '../../../workers/link/supervise.ts';
import {
  type ExpertMap,
  formatRepoReference,
  fromWire,
  HUB_ENDPOINT,
  isAbort,
  isLoomError,
  type LoomError,
  toWire,
} from '../../core/index.ts';
import { noteRead, placeOfHub } from '../parts/reading-cost.ts';
import { startCompareWorker } from '../workers/compare.ts';
import { useAccess } from './access/access.ts';
import { useUnknownHost } from './access/known-hosts.ts';
import { inParts, parseAddress } from './address.ts';
import { addressStore, go } from './address-store.ts';
import { sourceOf, unknownHostOf } from './follow-address.ts';
import { inspectWorker, useInspection } from './inspection.ts';

type Local = Extract<SourceDescriptor, { kind: 'files' | 'directory' }>;

/** The second checkpoint, and what the first is to it, as far as it is known. */
export interface ComparisonState {
  /** `missing`: the address names local files, which only a person can give again. */
  readonly status: 'none' | 'opening' | 'matching' | 'ready' | 'failed' | 'missing';
  /** What distinguishes this comparison from every other: part of every query key. */
  readonly key: string;
  readonly source: SourceDescriptor | null;
  readonly counts: OpenCounts;
  readonly map: ExpertMap | null;
  readonly summary: MapSummary | null;
  readonly head: CompareHead | null;
  readonly error: LoomError | null;
  /** A comparison of values that is running. */
  readonly measuring: { readonly progress: ValueProgress | null } | null;
  readonly measureError: LoomError | null;
  /** How often values were compared: rows are asked for again after each. */
  readonly measured: number;
}

const NONE: ComparisonState = {
  status: 'none',
  key: '',
  source: null,
  counts: { requests: 0, bytes: 0, shardsDone: 0, shards: 0 },
  map: null,
  summary: null,
  head: null,
  error: null,
  measuring: null,
  measureError: null,
  measured: 0,
};

/** The comparison of this page; one at a time, kept while other views are looked at. */
export const useComparison = create<ComparisonState>()(() => NONE);

interface Running {
  readonly wanted: string;
  readonly worker: Supervised<CompareApi>;
  readonly abort: AbortController;
  measure: AbortController | null;
}

let running: Running | null = null;
let local: Local | null = null;
let comparisons = 0;

/** Takes chosen or dropped files as the second checkpoint. */
export function compareWithLocal(source: Local): void {
  local = source;
  closeComparison();
  const name = source.kind === 'files' ? source.name : source.handle.name;
  compareWith(`local:${name}`);
}

/** Makes `other` the second checkpoint: see `CompareAddress.with`. */
export function compareWith(other: string | null): void {
  const { compare } = addressStore.getState().address;
  go({ view: 'compare', compare: { ...compare, with: other } });
}

/** Opens what the address compares the open checkpoint with, unless that is what is open. */
export function followComparison(other: string | null, leftKey: string): void {
  const wanted = `${leftKey} with ${other}`;
  if (other === null) {
    closeComparison();
    return;
  }
  if (running?.wanted === wanted) return;
  void start(other, wanted);
}

async function start(other: string, wanted: string): Promise<void> {
  closeComparison();
  comparisons += 1;
  const mine: Running = { wanted, worker: startCompareWorker(), abort: new AbortController(), measure: null };
  running = mine;
  useComparison.setState({ ...NONE, status: 'opening', key: `${wanted} ${comparisons}` });
  const fail = (error: unknown) => {
    if (running === mine) useComparison.setState({ status: 'failed', error: asLoomError(error), measuring: null });
  };
  mine.worker.onDeath(fail);
  const listen = (event: InspectEvent) => {
    if (running === mine) useComparison.setState(patchOf(event));
  };
  try {
    const source = descriptorOf(other);
    if (!source) {
      useComparison.setState({ status: 'missing' });
      return;
    }
    const unknown = unknownHostOf(source);
    if (unknown !== null) {
      // The view is gone while the person is asked, and comes back to ask for the comparison again.
      closeComparison();
      const { compare } = addressStore.getState().address;
      useUnknownHost.setState({ asked: { endpoint: unknown, other, leave: { compare: { ...compare, with: null } } } });
      return;
    }
    useComparison.setState({ source });
    await mine.worker.call.open(source, listen, mine.abort.signal);
    if (running !== mine) return;
    useComparison.setState({ status: 'matching' });
    const head = await matched(mine);
    if (running === mine) useComparison.setState({ status: 'ready', head });
  } catch (error) {
    fail(error);
  }
}

async function matched({ worker, abort }: Running): Promise<CompareHead> {
  const { source, hub } = useInspection.getState();
  if (!source) throw fromWire({ tag: 'cancelled', message: 'No checkpoint is open.', fields: {} });
  const { port1, port2 } = new MessageChannel();
  const sent = inspectWorker().sendCheckpoint(port1);
  const pinned =
    source.kind === 'hub' && hub
      ? {
          ...source,
          reference: formatRepoReference({ repo: hub.repo, revision: hub.commit, path: hub.path, endpoint: null }),
        }
      : source;
  const head = worker.call.match(pinned, port2, abort.signal);
  await sent;
  return head;
}

function patchOf(event: InspectEvent): Partial<ComparisonState> {
  if (event.type === 'counts') return { counts: event.counts };
  if (event.type === 'map') return { map: event.map, summary: event.summary };
  return {};
}

/** Where the bytes of `other` come from; null for local files that this page was not given. */
function descriptorOf(other: string): SourceDescriptor | null {
  const { address } = addressStore.getState();
  const [, kind, name = ''] = /^(local|job|sample):(.*)$/.exec(other) ?? [];
  if (kind === 'local') {
    const known = local?.kind === 'files' ? local.name : local?.handle.name;
    return known === name ? local : null;
  }
  if (kind === 'job') return { kind: 'job', job: name };
  const baseUrl = new URL('samples/', document.baseURI).href;
  const wanted = { ...parseAddress(''), endpoint: address.endpoint };
  const asked = kind === 'sample' ? { ...wanted, sample: name } : inParts({ ...wanted, repo: other });
  return sourceOf(asked, useAccess.getState().accounts, baseUrl);
}

/** Opens the second checkpoint again. */
export function retryComparison(): void {
  closeComparison();
  const { compare } = addressStore.getState().address;
  followComparison(compare.with, useInspection.getState().key);
}

/** Closes the second checkpoint. */
export function closeComparison(): void {
  running?.abort.abort();
  running?.measure?.abort();
  running?.worker.dispose();
  running = null;
  useComparison.setState(NONE);
}

/** The worker of the comparison. @throws LoomError `cancelled` when there is none. */
export function compareWorker(): Client<CompareApi> {
  if (running) return running.worker.call;
  throw fromWire({ tag: 'cancelled', message: 'Nothing is compared.', fields: {} });
}

/** Compares the values of a selection; the head, the rows and the maps then say what was found. */
export async function compareByValue(selection: ValueSelection): Promise<void> {
  const mine = running;
  if (!mine || useComparison.getState().measuring) return;
  const abort = new AbortController();
  mine.measure = abort;
  useComparison.setState({ measuring: { progress: null }, measureError: null });
  const began = performance.now();
  let read = 0;
  const listen = (progress: ValueProgress) => {
    read = progress.done;
    if (running === mine && mine.measure === abort) useComparison.setState({ measuring: { progress } });
  };
  try {
    const head = await mine.worker.call.measure(selection, listen, abort.signal);
    noteBoth(read, (performance.now() - began) / 1000);
    if (running === mine) useComparison.setState((state) => ({ head, measured: state.measured + 1 }));
  } catch (error) {
    if (running === mine && !isAbort(error)) useComparison.setState({ measureError: asLoomError(error) });
  } finally {
    if (running === mine) {
      mine.measure = null;
      useComparison.setState({ measuring: null });
    }
  }
}

/** Remembers how fast the two sides were read: both at once, half of the bytes each. */
function noteBoth(bytes: number, seconds: number): void {
  const { source } = useComparison.getState();
  const right = source?.kind === 'hub' ? { endpoint: source.endpoint ?? HUB_ENDPOINT } : null;
  for (const hub of [useInspection.getState().hub, right]) noteRead(placeOfHub(hub), bytes / 2, seconds);
}

/** Stops the comparison of values; what was compared before stays. */
export function cancelMeasuring(): void {
  running?.measure?.abort();
}

function asLoomError(error: unknown): LoomError {
  return isLoomError(error) ? error : fromWire(toWire(error));
}
