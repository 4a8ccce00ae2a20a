import { defineProgram } from '../program.ts';
import { torchtitanLoads } from './loads.ts';

/** PyTorch torchtitan. */
export const torchtitan = defineProgram({
  id: 'torchtitan',
  title: 'torchtitan',
  loads: torchtitanLoads,
});
