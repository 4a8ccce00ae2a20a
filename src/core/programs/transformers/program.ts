import { defineProgram } from '../program.ts';
import { configuration, planConfiguration } from './configuration.ts';
import { transformers5Loads } from './loads.ts';
import { memory } from './memory.ts';
import { placement } from './placement.ts';
import { transformersPrediction } from './prediction.ts';

/** Hugging Face transformers, version 5. */
export const transformers5 = defineProgram({
  id: 'transformers-5',
  aliases: ['transformers'],
  title: 'transformers 5',
  use: 'widely',
  loads: transformers5Loads,
  prediction: transformersPrediction,
  placement,
  memory,
  configuration,
});

/** The expert-parallel plan of an architecture, as transformers 5 reads it. */
export const epPlan = defineProgram({
  id: 'ep-plan',
  title: 'base_model_ep_plan',
  use: 'specialised',
  configuration: { ...planConfiguration, of: transformers5 },
});
