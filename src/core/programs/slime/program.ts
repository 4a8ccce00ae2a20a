import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { placement } from './placement.ts';

/** slime: its SGLang engines, with Megatron’s training beside them. */
export const slimeRollout = defineProgram({
  id: 'slime-rollout',
  title: 'slime rollout',
  use: 'specialised',
  repository: 'THUDM/slime',
  placement,
  configuration,
});
