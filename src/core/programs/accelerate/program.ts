import { defineProgram } from '../program.ts';
import { accelerateConfiguration, torchrunConfiguration } from './configuration.ts';
import { memory } from './memory.ts';
import { placement } from './placement.ts';

/** PyTorch FSDP2 as accelerate and TRL run it. */
export const fsdp2 = defineProgram({
  id: 'fsdp2',
  title: 'FSDP2',
  use: 'widely',
  placement,
  memory,
});

/** Hugging Face accelerate. */
export const accelerate = defineProgram({
  id: 'accelerate',
  title: 'accelerate',
  use: 'widely',
  configuration: { ...accelerateConfiguration, of: fsdp2 },
});

/** PyTorch’s launcher. */
export const torchrun = defineProgram({
  id: 'torchrun',
  title: 'torchrun',
  use: 'widely',
  configuration: { ...torchrunConfiguration, of: fsdp2 },
});
