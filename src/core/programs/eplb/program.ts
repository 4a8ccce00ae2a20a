import { defineProgram } from '../program.ts';
import { eplbPlacement, mapPlacement } from './placement.ts';

/** DeepSeek’s expert-parallel load balancer: experts packed by load, the hottest repeated. */
export const eplb = defineProgram({
  id: 'eplb',
  title: 'EPLB',
  use: 'specialised',
  placement: eplbPlacement,
});

/** A placement that the user gives. */
export const custom = defineProgram({
  id: 'custom',
  title: 'Placement file',
  use: 'specialised',
  placement: mapPlacement,
});
