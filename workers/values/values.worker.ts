import { LoomError } from '../../src/core/index.ts';
import { receiveFrom } from '../link/receive.ts';
import { openSource } from '../link/sources.ts';
import { exposeApi } from '../link/transfer.ts';
import type { ValuesApi, ValuesEvent } from './protocol.ts';
import { createValuesSession, type ValuesSession } from './session.ts';
import type { OpenedCheckpoint } from './values-service.ts';

let session: ValuesSession | null = null;
let busy = false;

const api: ValuesApi = {
  open: async (source, checkpointPort, signal) => {
    const opened = await receiveFrom<OpenedCheckpoint>(checkpointPort, signal);
    const { files } = await openSource(source, { signal });
    session = createValuesSession(opened, files);
  },
  evidence: (signal) => {
    if (!session) throw new LoomError('internal', 'No checkpoint is open here.');
    return session.evidence(signal);
  },
  measure: async (scope, engine, onEvent, signal) => {
    if (!session || busy) throw new LoomError('internal', 'No checkpoint is open here, or it is being measured.');
    busy = true;
    try {
      return await session.measure(scope, engine, (event: ValuesEvent) => void onEvent(event), signal);
    } finally {
      busy = false;
    }
  },
};

exposeApi(api);
