import { createBudget, LoomError, runPlan } from '../src/core/index.ts';
import type { ConvertApi, ConvertEvent } from './convert-protocol.ts';
import { createGate, createTeller, openOutput, receivePlan, USUAL } from './convert-session.ts';
import { createRunnerPool, createSummer, type RunnerPool } from './runner-pool.ts';
import { openSource } from './sources.ts';
import { exposeApi } from './transfer.ts';

const gate = createGate();
let pool: RunnerPool | null = null;
let busy = false;

const api: ConvertApi = {
  run: async (request, planPort, onEvent, signal) => {
    if (busy) throw new LoomError('internal', 'A conversion is running already.');
    busy = true;
    const tell = (event: ConvertEvent) => void onEvent(event);
    const settings = request.settings ?? USUAL;
    const summer = settings.sha256 ? createSummer(request.sink) : null;
    try {
      const plan = await receivePlan(planPort, signal);
      const { files } = await openSource(request.source, {
        signal,
        onPause: (pause) => tell({ type: 'pause', pause }),
      });
      const { sink, journal } = await openOutput(request, plan, files, tell, signal);
      pool = createRunnerPool(request, plan, settings);
      if (gate.isClosed()) pool?.pause();
      return await runPlan(plan, {
        files,
        sink,
        journal,
        signal,
        ...(pool ? { runners: pool } : { budget: createBudget(settings.memoryBytes), engine: settings.engine }),
        ...(summer ? { sha256: summer.sum } : {}),
        onProgress: createTeller(tell),
        gate: () => gate.wait(signal),
      });
    } finally {
      busy = false;
      pool = null;
      summer?.dispose();
      gate.resume();
    }
  },
  pause: () => {
    gate.pause();
    pool?.pause();
  },
  resume: () => {
    gate.resume();
    pool?.resume();
  },
};

exposeApi(api);
