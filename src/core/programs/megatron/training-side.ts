import { expertMoves, type HeldExperts } from '../../ranks/moves.ts';
import { planPlacement } from '../../ranks/placement.ts';
import type { ModelFacts } from '../../ranks/types.ts';
import { megatronCore } from './program.ts';

/** Sizes that Megatron trains with, beside a program that serves the same checkpoint on the same ranks. */
export interface TrainingSizes {
  readonly tp: number;
  readonly pp: number;
  readonly cp: number;
  readonly ep: number;
  readonly etp: number;
}

/** Asks for the training placement by itself. */
export function trainingCommand(world: number, { tp, pp, cp, ep, etp }: TrainingSizes): string {
  const sizes = [`--ep ${ep}`, `--etp ${etp}`, `--tp ${tp}`, `--pp ${pp}`, `--cp ${cp}`, `--set world=${world}`];
  return `moe-loom ranks <source> --framework ${megatronCore.id} ${sizes.join(' ')}`;
}

/**
 * How Megatron's placement of the same checkpoint on the same ranks differs from one that serves it, in sentences: what each
 * rank would hold for training, and how many copies of experts are on another rank than the one that serves them.
 */
export function besideTraining(
  served: HeldExperts,
  world: number,
  sizes: TrainingSizes,
  facts: ModelFacts,
): readonly string[] {
  const trained = planPlacement(megatronCore, { world, ...sizes }, facts);
  const ask = `Its placement: ${trainingCommand(world, sizes)}`;
  if ('error' in trained) return [`Training is Megatron’s, which refuses these sizes: ${trained.error} ${ask}`];
  const { tp, pp, cp, ep, etp } = sizes;
  const { copies, stay } = expertMoves(trained, served);
  return [
    `Training is Megatron’s own placement of the same ranks (ep ${ep}, expert tp ${etp}, tp ${tp}, pp ${pp}, cp ${cp}). ${ask}`,
    `Of ${copies} copies of experts that ranks serve, ${stay} are of experts that the same rank trains; ${copies - stay} come from other ranks.`,
  ];
}
