import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { torchtitanLoads } from './loads.ts';
import { memory } from './memory.ts';
import { placement } from './placement.ts';

/** PyTorch torchtitan. */
export const torchtitan = defineProgram({
  id: 'torchtitan',
  title: 'torchtitan',
  use: 'specialised',
  repository: 'pytorch/torchtitan',
  loads: torchtitanLoads,
  placement,
  memory,
  configuration,
});
