import { defineProgram } from '../program.ts';
import { transformers5Loads } from './loads.ts';

/** Hugging Face transformers, version 5. */
export const transformers5 = defineProgram({
  id: 'transformers-5',
  title: 'transformers 5',
  loads: transformers5Loads,
});

/** The expert-parallel plan of an architecture, as transformers 5 reads it. */
export const epPlan = defineProgram({
  id: 'ep-plan',
  title: 'base_model_ep_plan',
});
