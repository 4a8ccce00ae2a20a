import { defineProgram } from '../program.ts';

/** llama.cpp and its convert_hf_to_gguf.py. */
export const llamaCpp = defineProgram({
  id: 'llama.cpp',
  title: 'llama.cpp',
});
