import { defineProgram } from '../program.ts';

/** Hugging Face transformers, version 5. */
export const transformers5 = defineProgram({
  id: 'transformers-5',
  title: 'transformers 5',
});

/** The expert-parallel plan of an architecture, as transformers 5 reads it. */
export const epPlan = defineProgram({
  id: 'ep-plan',
  title: 'base_model_ep_plan',
});
