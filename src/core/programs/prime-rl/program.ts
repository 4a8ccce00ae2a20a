import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { placement } from './placement.ts';

/** Prime Intellect’s prime-rl, its trainer. */
export const primeRl = defineProgram({
  id: 'prime-rl',
  title: 'prime-rl',
  use: 'specialised',
  repository: 'PrimeIntellect-ai/prime-rl',
  placement,
  configuration,
});
