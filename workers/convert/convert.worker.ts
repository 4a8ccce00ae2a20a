import { LoomError, runPlan } from '../../src/core/index.ts';
import { exposeApi } from '../link/transfer.ts';
import type { PublishApi } from '../publish/protocol.ts';
import { publish } from '../publish/session.ts';
import { keepFiles, takeFiles } from './memory-files.ts';
import type { ConvertApi, ConvertEvent } from './protocol.ts';
import { tryStorage } from './record.ts';
import { runnerApi } from './runner.ts';
import { RUNNER } from './runner-pool.ts';
import { createGate, createTeller, openOutput, receivePlan, USUAL, withSource } from './session.ts';
import { createWork, type Work } from './work.ts';

const gate = createGate();
let work: Work | null = null;

const api: ConvertApi & PublishApi = {
  publish,
  run: async (request, planPort, onEvent, signal) => {
    if (work) throw new LoomError('internal', 'A conversion is running already.');
    const mine = createWork(request, request.settings ?? USUAL);
    work = mine;
    const tell = (event: ConvertEvent) => void onEvent(event);
    try {
      const plan = await receivePlan(planPort, signal);
      return await withSource(request, { digest: mine.digest, tell, signal }, async (files) => {
        const output = await openOutput(request, plan, files, tell, signal);
        const options = mine.begin(plan, output.sink);
        if (gate.isClosed()) mine.pause();
        const ran = runPlan(plan, {
          files,
          ...output,
          ...options,
          signal,
          discard: true,
          onProgress: createTeller(tell),
          gate: () => gate.wait(signal),
        });
        return keepFiles(request, output.sink, ran);
      });
    } finally {
      work = null;
      mine.dispose();
      gate.resume();
    }
  },
  pause: () => {
    gate.pause();
    work?.pause();
  },
  resume: () => {
    gate.resume();
    work?.resume();
  },
  tryStorage,
  takeFiles,
};

exposeApi(self.name === RUNNER ? runnerApi : api);
