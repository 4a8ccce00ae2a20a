import { LoomError } from '../../src/core/index.ts';
import { type InspectSession, openSession } from '../inspect/session.ts';
import { receiveFrom } from '../link/receive.ts';
import type { OpenedCheckpoint } from '../values/values-service.ts';
import type { CompareApi } from './protocol.ts';
import { type CompareService, createCompareService } from './session.ts';

let right: InspectSession | null = null;
let service: CompareService | null = null;

function current(): CompareService {
  if (service) return service;
  throw new LoomError('internal', 'No checkpoints are compared.');
}

/** What the page asks of the worker that holds the second checkpoint. */
export const compareApi: CompareApi = {
  open: async (source, onEvent, signal) => {
    right = await openSession(source, (event) => void onEvent(event), signal);
  },
  match: async (left, port, signal) => {
    const { checkpoint } = await receiveFrom<OpenedCheckpoint>(port, signal);
    if (!right) throw new LoomError('internal', 'There is no second checkpoint.');
    service = createCompareService(checkpoint, left, right);
    return service.head();
  },
  page: (query, from, to) => current().page(query, from, to),
  placeOf: (query, selection) => current().placeOf(query, selection),
  pairs: (selection) => current().pairs(selection),
  picture: (group, width) => current().picture(group, width),
  size: (selection) => current().size(selection),
  measure: (selection, onProgress, signal) =>
    current().measure(selection, (progress) => void onProgress(progress), signal),
  report: () => current().report(),
  markdown: () => current().markdown(),
};
