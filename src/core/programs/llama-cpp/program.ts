import { defineProgram } from '../program.ts';
import { llamaCppLoads } from './loads.ts';
import { llamaCppPrediction } from './prediction.ts';

/** llama.cpp and its convert_hf_to_gguf.py. */
export const llamaCpp = defineProgram({
  id: 'llama.cpp',
  title: 'llama.cpp',
  use: 'widely',
  repository: 'ggml-org/llama.cpp',
  loads: llamaCppLoads,
  prediction: llamaCppPrediction,
});
