import { defineProgram } from '../program.ts';
import { transformers5 } from '../transformers/program.ts';
import { configuration } from './configuration.ts';

/** Hugging Face TRL. */
export const trl = defineProgram({
  id: 'trl',
  title: 'TRL',
  use: 'widely',
  configuration: { ...configuration, of: transformers5 },
});
