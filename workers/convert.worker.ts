import { createBudget, isLoomError, LoomError, runPlan } from '../src/core/index.ts';
import type { ConvertApi, ConvertEvent } from './convert-protocol.ts';
import { createGate, createTeller, insistOnSource, openOutput, receivePlan, USUAL } from './convert-session.ts';
import { createDigests, createRunnerPool, createSummer, type RunnerPool } from './runner-pool.ts';
import { type OpenedSource, openSource } from './sources.ts';
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
    const digests = createDigests();
    let repo: OpenedSource['repo'] = null;
    try {
      const plan = await receivePlan(planPort, signal);
      const opened = await openSource(request.source, {
        signal,
        onPause: (pause) => tell({ type: 'pause', pause }),
      });
      const { files } = opened;
      repo = opened.repo;
      if (settings.checkSource) await insistOnSource(files, digests.create, tell, signal);
      const { sink, journal } = await openOutput(request, plan, files, tell, signal);
      pool = createRunnerPool(request, plan, settings);
      if (gate.isClosed()) pool?.pause();
      return await runPlan(plan, {
        files,
        sink,
        journal,
        signal,
        streamDigest: digests.create,
        ...(pool ? { runners: pool } : { budget: createBudget(settings.memoryBytes), engine: settings.engine }),
        ...(summer ? { sha256: summer.sum } : {}),
        onProgress: createTeller(tell),
        gate: () => gate.wait(signal),
      });
    } catch (error) {
      // The header that is kept of such a file came the same way.
      const wrong = isLoomError(error) && error.tag === 'source-hash-wrong' && error.fields.stated;
      if (wrong) await repo?.cache?.remove(`sha256:${wrong}`);
      throw error;
    } finally {
      busy = false;
      pool = null;
      summer?.dispose();
      digests.dispose();
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
