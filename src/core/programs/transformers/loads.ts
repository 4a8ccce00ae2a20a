import type { LoadsFacet } from '../../loads/types.ts';
import { askTransformers5, memoryPlace, READ, VERSION } from './ask.ts';
import { transformersLimits } from './limits.ts';
import { MINDS } from './minds.ts';
import { LOAD_SCRIPT_BODY } from './proof-script.ts';
import { USAGE } from './usage.ts';

/** What is known of how transformers 5 loads a checkpoint. */
export const transformers5Loads: LoadsFacet = {
  version: VERSION,
  source: READ.source,
  date: READ.date,
  cures: ['gate-up', 'per-expert'],
  ask: askTransformers5,
  minds: MINDS,
  limits: transformersLimits,
  proof: { script: LOAD_SCRIPT_BODY },
  memoryPlace,
  usage: USAGE,
  library: { name: 'transformers' },
};
