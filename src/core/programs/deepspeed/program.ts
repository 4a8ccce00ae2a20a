import { defineProgram } from '../program.ts';

/** DeepSpeed ZeRO. */
export const deepspeed = defineProgram({
  id: 'deepspeed',
  title: 'DeepSpeed ZeRO',
});

/** DeepSpeed’s own MoE layer. */
export const deepspeedMoe = defineProgram({
  id: 'deepspeed-moe',
  title: 'DeepSpeed-MoE',
});
