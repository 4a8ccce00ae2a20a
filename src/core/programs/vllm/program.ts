import { defineProgram } from '../program.ts';
import { vllmLoads } from './loads.ts';

/** vLLM. */
export const vllm = defineProgram({
  id: 'vllm',
  title: 'vLLM',
  loads: vllmLoads,
});

/** vLLM before #21497: what does not divide goes to the last rank. */
export const vllmBefore = defineProgram({
  id: 'vllm-before-21497',
  title: 'vLLM before uneven experts',
});
