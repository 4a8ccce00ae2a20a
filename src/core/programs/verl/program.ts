import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { placement } from './placement.ts';

/** verl: its rollout, with training beside it. */
export const verlRollout = defineProgram({
  id: 'verl-rollout',
  title: 'verl rollout',
  use: 'specialised',
  repository: 'verl-project/verl',
  placement,
  configuration,
});
