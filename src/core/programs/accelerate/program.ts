import { defineProgram } from '../program.ts';

/** PyTorch FSDP2 as accelerate and TRL run it. */
export const fsdp2 = defineProgram({
  id: 'fsdp2',
  title: 'FSDP2',
});

/** Hugging Face accelerate. */
export const accelerate = defineProgram({
  id: 'accelerate',
  title: 'accelerate',
});

/** PyTorch’s launcher. */
export const torchrun = defineProgram({
  id: 'torchrun',
  title: 'torchrun',
});
