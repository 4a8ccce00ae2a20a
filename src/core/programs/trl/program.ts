import { defineProgram } from '../program.ts';

/** Hugging Face TRL. */
export const trl = defineProgram({
  id: 'trl',
  title: 'TRL',
});
