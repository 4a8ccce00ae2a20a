import { defineProgram } from '../program.ts';
import { qwen3MoeFusedLoads } from './loads.ts';

/** The package transformers-qwen3-moe-fused. */
export const qwen3MoeFused = defineProgram({
  id: 'qwen3-moe-fused',
  title: 'transformers-qwen3-moe-fused',
  use: 'fork',
  loads: qwen3MoeFusedLoads,
});
