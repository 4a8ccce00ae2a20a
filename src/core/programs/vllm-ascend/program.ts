import { defineProgram } from '../program.ts';
import { placement } from './placement.ts';

/** vLLM on Ascend NPUs. */
export const vllmAscend = defineProgram({
  id: 'vllm-ascend',
  title: 'vLLM on Ascend',
  use: 'fork',
  repository: 'vllm-project/vllm-ascend',
  placement,
});
