import { defineProgram } from '../program.ts';
import { veomniLoads } from './loads.ts';

/** ByteDance’s VeOmni. */
export const veomni = defineProgram({
  id: 'veomni',
  title: 'VeOmni',
  repository: 'ByteDance-Seed/VeOmni',
  loads: veomniLoads,
});
