import { LoomError, runPlan } from '../src/core/index.ts';
import type { ConvertApi, ConvertEvent } from './convert-protocol.ts';
import { createGate, createTeller, openSink, receivePlan } from './convert-session.ts';
import { openSource } from './sources.ts';
import { exposeApi } from './transfer.ts';

const gate = createGate();
let busy = false;

const api: ConvertApi = {
  run: async (request, planPort, onEvent, signal) => {
    if (busy) throw new LoomError('internal', 'A conversion is running already.');
    busy = true;
    const tell = (event: ConvertEvent) => void onEvent(event);
    try {
      const plan = await receivePlan(planPort, signal);
      const { files } = await openSource(request.source, {
        signal,
        onPause: (pause) => tell({ type: 'pause', pause }),
      });
      const sink = await openSink(request.sink, tell);
      return await runPlan(plan, {
        files,
        sink,
        signal,
        onProgress: createTeller(tell),
        gate: () => gate.wait(signal),
      });
    } finally {
      busy = false;
      gate.resume();
    }
  },
  pause: gate.pause,
  resume: gate.resume,
};

exposeApi(api);
