import { LoomError } from '../../src/core/index.ts';
import { exposeApi } from '../link/transfer.ts';
import type { ParityApi } from './protocol.ts';
import { runParity } from './session.ts';

let busy = false;

const api: ParityApi = {
  run: async (source, other, checkpointPort, request, onProgress, signal) => {
    if (busy) throw new LoomError('internal', 'A layer is being computed already.');
    busy = true;
    try {
      return await runParity(source, other, checkpointPort, request, (progress) => void onProgress(progress), signal);
    } finally {
      busy = false;
    }
  },
};

exposeApi(api);
