import { buffersOfMap, LoomError, loadScript } from '../../src/core/index.ts';
import { createClusterService } from '../cluster/service.ts';
import { withTransfer } from '../link/transfer.ts';
import { createMemoryCalls } from '../ranks/memory.ts';
import { createRankCalls } from '../ranks/ranks.ts';
import { createTensorService } from '../tensors/service.ts';
import { createValuesService } from '../values/values-service.ts';
import { compactVerdict, writeLoads } from './loads.ts';
import type { InspectApi, InspectEvent } from './protocol.ts';
import { createCellCalls, type InspectSession, openSession, summarisePlan } from './session.ts';

let session: InspectSession | null = null;
let turn = 0;

function current(): InspectSession {
  if (session) return session;
  throw new LoomError('internal', 'No checkpoint is open.');
}

/** Pictures leave with their arrays moved, not copied. */
function movable(event: InspectEvent): InspectEvent {
  if (event.type !== 'map') return event;
  return withTransfer(event, buffersOfMap(event.map));
}

/** What the page asks of the worker that holds the open checkpoint. */
export const inspectApi: InspectApi = {
  ...createValuesService(current),
  open: async (source, layer, onEvent, signal) => {
    const mine = ++turn;
    await session?.dispose();
    session = null;
    const opened = await openSession(source, (event) => void onEvent(movable(event)), signal, { layer });
    if (mine === turn) session = opened;
    else await opened.dispose();
  },
  readAgain: async (onEvent, signal) => {
    const mine = turn;
    const opened = await current().readAgain((event) => void onEvent(movable(event)), signal);
    if (mine === turn) session = opened;
  },
  ...createCellCalls(current),
  ...createTensorService(current),
  ...createRankCalls(current),
  ...createMemoryCalls(current),
  ...createClusterService(current),
  loads: async () => (await current().loads.all()).map(compactVerdict),
  loadNames: async (consumer, kind) => (await current().loads.of(consumer))[kind],
  loadsReport: (request) => writeLoads(current().loads, request),
  loadScript: async (consumer) => loadScript(await current().loads.of(consumer)),
  planLoads: async (target, options) => (await current().planLoads(target, options))?.map(compactVerdict) ?? null,
  card: (target, options, made) => current().card(target, options, made),
  plan: async (target, options) => summarisePlan(await current().plan(target, options)),
  sendPlan: async (target, options, port) => {
    const plan = await current().plan(target, options);
    port.postMessage(plan); // Who receives it closes the port: Firefox drops what is under way when its sender does.
    return summarisePlan(plan);
  },
};
