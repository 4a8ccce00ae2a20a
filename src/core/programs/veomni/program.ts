import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { veomniLoads } from './loads.ts';
import { placement } from './placement.ts';

/** ByteDance’s VeOmni. */
export const veomni = defineProgram({
  id: 'veomni',
  title: 'VeOmni',
  use: 'specialised',
  repository: 'ByteDance-Seed/VeOmni',
  loads: veomniLoads,
  placement,
  configuration,
});
