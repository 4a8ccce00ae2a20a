import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { forkQwen3MoeEpLoads, transformers457Loads } from './loads.ts';
import { memory } from './memory.ts';
import { placement } from './placement.ts';

/** Hugging Face transformers 4.57, with the expert-parallel plan of the model card’s fork. */
export const transformers457 = defineProgram({
  id: 'transformers-4.57',
  title: 'transformers 4.57 with the fork’s plan',
  use: 'widely',
  loads: transformers457Loads,
  placement,
  memory,
  configuration,
});

/** The model card’s fork of transformers 4.57.6. */
export const forkQwen3MoeEp = defineProgram({
  id: 'fork-qwen3-moe-ep',
  title: 'The fork qwen3-moe-ep',
  use: 'fork',
  loads: forkQwen3MoeEpLoads,
});
