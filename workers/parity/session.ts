import {
  blobFiles,
  compareBlock,
  type HiddenStates,
  openCheckpoint,
  openRuntime,
  type ParityProgress,
  type ParitySource,
  parityJson,
  readStates,
} from '../../src/core/index.ts';
import { receiveFrom } from '../link/receive.ts';
import { openSource } from '../link/sources.ts';
import type { OpenedCheckpoint } from '../values/values-service.ts';
import type { ParityApi, ParityInput } from './protocol.ts';

/** Least time between two progress events, in ms. */
const EVENT_MS = 100;

/** One comparison from the sources to the report. */
export const runParity: ParityApi['run'] = async (source, other, checkpointPort, request, onProgress, signal) => {
  const { checkpoint } = await receiveFrom<OpenedCheckpoint>(checkpointPort, signal);
  const first = await openSource(source, { signal });
  const second = other && (await openSecond(other, signal));
  const given = await readInput(request.input, signal);
  const report = await compareBlock(
    { checkpoint, files: first.files },
    {
      layer: request.layer,
      ep: request.ep ?? undefined,
      ...given,
      other: second ?? undefined,
      runtime: await openRuntime(),
      signal,
      onProgress: createTeller(onProgress),
    },
  );
  return parityJson(report);
};

async function openSecond(source: Parameters<typeof openSource>[0], signal: AbortSignal): Promise<ParitySource> {
  const { files } = await openSource(source, { signal });
  const index = source.withoutIndex ? 'none' : 'first';
  return { files, checkpoint: await openCheckpoint(files, { signal, index }) };
}

interface Given {
  readonly input: HiddenStates | { readonly tokens: number; readonly seed: number };
  readonly expect?: Float32Array;
}

async function readInput(input: ParityInput, signal: AbortSignal): Promise<Given> {
  if (input.kind === 'random') return { input: { tokens: input.tokens, seed: input.seed } };
  const { file } = input;
  const source = await blobFiles(file.name, [{ path: file.name, file }]).open(file.name, { signal });
  const states = await readStates(source, file.name, input.tensor ?? undefined, null, signal);
  if (input.expect === null) return { input: states };
  const expected = await readStates(source, file.name, input.expect, states.hidden, signal);
  return { input: states, expect: expected.values };
}

/** Passes on what comes next at once, bytes about ten times a second. */
function createTeller(tell: (progress: ParityProgress) => void): (progress: ParityProgress) => void {
  let told = 0;
  let doing = '';
  return (progress) => {
    const now = performance.now();
    if (progress.doing === doing && now - told < EVENT_MS) return;
    told = now;
    doing = progress.doing;
    tell(progress);
  };
}
