import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { placement } from './placement.ts';

/** NVIDIA NeMo AutoModel. */
export const nemoAutomodel = defineProgram({
  id: 'nemo-automodel',
  title: 'NeMo AutoModel',
  use: 'specialised',
  repository: 'NVIDIA-NeMo/Automodel',
  placement,
  configuration,
});
