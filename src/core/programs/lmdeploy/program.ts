import { defineProgram } from '../program.ts';
import { placement } from './placement.ts';

/** LMDeploy, its PyTorch engine. */
export const lmdeploy = defineProgram({
  id: 'lmdeploy',
  title: 'LMDeploy',
  use: 'specialised',
  repository: 'InternLM/lmdeploy',
  placement,
});
