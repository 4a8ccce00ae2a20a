import { defineProgram } from '../program.ts';
import { configuration } from './configuration.ts';
import { placement } from './placement.ts';

/** axolotl with its expert-parallel plugin. */
export const axolotl = defineProgram({
  id: 'axolotl',
  title: 'axolotl',
  use: 'specialised',
  repository: 'axolotl-ai-cloud/axolotl',
  placement,
  configuration,
});
