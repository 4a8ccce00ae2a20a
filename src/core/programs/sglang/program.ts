import { defineProgram } from '../program.ts';
import { sglangLoads } from './loads.ts';

/** SGLang. */
export const sglang = defineProgram({
  id: 'sglang',
  title: 'SGLang',
  loads: sglangLoads,
});
