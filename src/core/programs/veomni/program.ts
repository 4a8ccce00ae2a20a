import { defineProgram } from '../program.ts';

/** ByteDance’s VeOmni. */
export const veomni = defineProgram({
  id: 'veomni',
  title: 'VeOmni',
});
