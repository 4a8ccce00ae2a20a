import { defineProgram } from '../program.ts';

/** SGLang. */
export const sglang = defineProgram({
  id: 'sglang',
  title: 'SGLang',
});
