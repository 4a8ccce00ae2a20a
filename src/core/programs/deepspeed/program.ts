import { defineProgram } from '../program.ts';
import { moeMemory, zeroMemory } from './memory.ts';
import { moePlacement, zeroPlacement } from './placement.ts';

/** DeepSpeed ZeRO. */
export const deepspeed = defineProgram({
  id: 'deepspeed',
  title: 'DeepSpeed ZeRO',
  use: 'widely',
  placement: zeroPlacement,
  memory: zeroMemory,
});

/** DeepSpeed’s own MoE layer. */
export const deepspeedMoe = defineProgram({
  id: 'deepspeed-moe',
  title: 'DeepSpeed-MoE',
  use: 'specialised',
  placement: moePlacement,
  memory: moeMemory,
});
