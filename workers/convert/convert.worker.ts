import { createBudget, type Helpers, LoomError, runPlan } from '../../src/core/index.ts';
import { exposeApi } from '../link/transfer.ts';
import { createSums, keepFiles, takeFiles } from './memory-files.ts';
import type { ConvertApi, ConvertEvent, WorkSettings } from './protocol.ts';
import { tryStorage } from './record.ts';
import { createDigests, createRunnerPool, type RunnerPool, startHelpers } from './runner-pool.ts';
import { createGate, createTeller, openOutput, receivePlan, USUAL, withSource } from './session.ts';

const gate = createGate();
let pool: RunnerPool | null = null;
let busy = false;

const api: ConvertApi = {
  run: async (request, planPort, onEvent, signal) => {
    if (busy) throw new LoomError('internal', 'A conversion is running already.');
    busy = true;
    const tell = (event: ConvertEvent) => void onEvent(event);
    const settings = request.settings ?? USUAL;
    const sums = createSums(request, settings);
    const digests = createDigests();
    const crews: { dispose(): void }[] = [];
    try {
      const plan = await receivePlan(planPort, signal);
      return await withSource(request, { digest: digests.create, tell, signal }, async (files) => {
        const output = await openOutput(request, plan, files, tell, signal);
        pool = createRunnerPool(request, plan, settings);
        if (gate.isClosed()) pool?.pause();
        const alone = pool ? null : startHelpers(plan);
        if (alone) crews.push(alone);
        const ran = runPlan(plan, {
          files,
          ...output,
          signal,
          discard: true,
          streamDigest: digests.create,
          ...(pool ? { runners: pool } : aloneWith(settings, alone?.helpers)),
          ...(sums ? { sha256: sums.of(output.sink) } : {}),
          onProgress: createTeller(tell),
          gate: () => gate.wait(signal),
        });
        return keepFiles(request, output.sink, ran);
      });
    } finally {
      busy = false;
      pool = null;
      sums?.dispose();
      digests.dispose();
      for (const crew of crews) crew.dispose();
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
  tryStorage,
  takeFiles,
};

/** All shards are made by this worker. */
function aloneWith({ memoryBytes, engine }: WorkSettings, helpers: Helpers | undefined) {
  return { budget: createBudget(memoryBytes), engine, helpers };
}

exposeApi(api);
