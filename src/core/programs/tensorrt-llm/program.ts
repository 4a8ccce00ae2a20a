import { defineProgram } from '../program.ts';
import { placement } from './placement.ts';

/** NVIDIA TensorRT-LLM, its PyTorch backend. */
export const tensorrtLlm = defineProgram({
  id: 'tensorrt-llm',
  title: 'TensorRT-LLM',
  use: 'specialised',
  repository: 'NVIDIA/TensorRT-LLM',
  placement,
});
