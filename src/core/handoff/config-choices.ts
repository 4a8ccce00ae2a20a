import { type Choices, chooseSetup, USUAL_CONTEXT } from '../ranks/memory/complete-setup.ts';
import { ZERO_REGIME } from '../ranks/memory/regimes.ts';
import type { MemoryRules } from '../ranks/memory/rules.ts';
import type { MemorySetup } from '../ranks/memory/setup.ts';
import type { PlacementError } from '../ranks/types.ts';

/** What a configuration says beside the sizes. */
export type ConfigChoices = Pick<Choices, 'context' | 'batch' | 'checkpointing' | 'offload' | 'regime'>;

/**
 * Chosen as the memory of the program is. Where its memory is not modelled: what was asked for, else the usual context, one
 * sequence, checkpointing and no offload.
 */
export function configChoices(memory: MemoryRules | undefined, run: MemorySetup): ConfigChoices | PlacementError {
  if (memory) return chooseSetup({ memory }, run);
  const { context = USUAL_CONTEXT, batch = 1, checkpointing = true, offload = 'none' } = run;
  return { context, batch, checkpointing, offload, regime: ZERO_REGIME };
}
