import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { placement } from './placement.ts';

/** DeepSpeed AutoEP, which replaces the experts of a loaded model. */
export const deepspeedAutoep = defineProgram({
  id: 'deepspeed-autoep',
  title: 'DeepSpeed AutoEP',
  use: 'specialised',
  repository: 'deepspeedai/DeepSpeed',
  placement,
  configuration,
});
