import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { sglangLoads } from './loads.ts';
import { memory } from './memory.ts';
import { placement } from './placement.ts';

/** SGLang. */
export const sglang = defineProgram({
  id: 'sglang',
  title: 'SGLang',
  use: 'widely',
  loads: sglangLoads,
  placement,
  memory,
  configuration,
});
