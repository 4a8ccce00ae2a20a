import { defineProgram } from '../program.ts';

/** PyTorch torchtitan. */
export const torchtitan = defineProgram({
  id: 'torchtitan',
  title: 'torchtitan',
});
