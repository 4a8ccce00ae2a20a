import { placeStages, type StagedPlacement } from '../placement.ts';
import type { PlacementError } from '../types.ts';
import type { MemoryProgram } from './rules.ts';
import { factsOf, type MemorySetup, optionsOf } from './setup.ts';
import type { ModelShape } from './shape.ts';

/** The placement of a set-up, or why there is none: the program's own message where it has one. */
export function placeSetup(
  program: MemoryProgram,
  setup: MemorySetup,
  shape: ModelShape,
): StagedPlacement | PlacementError {
  for (const name of ['gpus', 'context', 'batch'] as const) {
    const value = setup[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      return { error: `${name} must be a whole number from 1, not ${value}.` };
  }
  if ((setup.ep ?? 1) > 1 && shape.experts === 0) return { error: 'This model has no routed experts. Set ep to 1.' };
  const options = program.memory.fill?.(optionsOf(setup)) ?? optionsOf(setup);
  return placeStages(program, options, factsOf(shape));
}
