import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { vllmLoads } from './loads.ts';
import { memory } from './memory.ts';
import { placement, placementBefore } from './placement.ts';
import { vllmPrediction } from './prediction.ts';

/** vLLM. */
export const vllm = defineProgram({
  id: 'vllm',
  title: 'vLLM',
  use: 'widely',
  repository: 'vllm-project/vllm',
  loads: vllmLoads,
  prediction: vllmPrediction,
  placement,
  memory,
  configuration,
});

/** vLLM before #21497: what does not divide goes to the last rank. */
export const vllmBefore = defineProgram({
  id: 'vllm-before-21497',
  title: 'vLLM before uneven experts',
  use: 'specialised',
  placement: placementBefore,
});
