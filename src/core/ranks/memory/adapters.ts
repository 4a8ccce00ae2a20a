import type { StagedPlacement } from '../placement.ts';
import type { PlacementError } from '../types.ts';
import { type Holdings, holdingsOf } from './holdings.ts';
import { type Adapter, type Adapters, adapterParameters } from './lora.ts';
import type { LoraReport } from './report.ts';
import type { HoldingOptions, MemoryProgram, MemoryRules } from './rules.ts';
import type { MemorySetup } from './setup.ts';
import { type ModelShape, PARTS, type Parameters, totalParameters } from './shape.ts';

/** A stage's adapters: as its fullest rank holds them, and all of the model's. */
export interface HeldAdapters {
  readonly adapters: Adapters;
  readonly held: Holdings;
}

/** The adapters of a set-up, null where all weights are trained. An error where the program does not train so. */
export function adaptersOf(
  { memory }: Pick<MemoryProgram, 'memory'>,
  shape: ModelShape,
  { lora }: MemorySetup,
): Adapters | PlacementError | null {
  if (!lora) return null;
  if (memory.serves) return { error: `LoRA needs a training program; ${memory.title} only serves models.` };
  if (!memory.lora) return { error: `LoRA training is not modelled for ${memory.title}.` };
  const adapters = memory.lora.adapters(shape, lora);
  return 'error' in adapters ? adapters : { ...adapters, said: [...adapters.said, frozenSentence(shape)] };
}

/** Below this many stored bytes a parameter, weights are packed or in 8 bits. */
const QUANTISED_BYTES = 1.5;

function frozenSentence(shape: ModelShape): string {
  const stored = (shape.stored.routed + shape.stored.rest) / totalParameters(shape);
  return stored < QUANTISED_BYTES
    ? 'Frozen weights are unpacked to bf16, 2 bytes per parameter. The checkpoint stores them in fewer.'
    : 'Frozen weights are in bf16, 2 bytes per parameter.';
}

/** What a report says of LoRA. */
export function loraOf(adapters: Adapters | null): LoraReport | null {
  if (!adapters) return null;
  const { rank, targets, matrices } = adapters;
  return { rank, targets, parameters: adapterParameters(matrices) };
}

/** Adapters cut as the matrices beside them are: one entry for each of {@link holdingsOf}. */
export function adapterHoldings(
  rules: MemoryRules,
  placement: StagedPlacement,
  shape: ModelShape,
  options: HoldingOptions,
  adapters: Adapters,
): HeldAdapters[] {
  const { tp, etp } = placement.sizes;
  const parameters = cutParameters(adapters.matrices, tp, etp);
  // Copies of key heads are the base weights' own.
  const cache = { ...shape.cache, elements: 0 };
  const latent = { ...shape.latent, parameters: 0 };
  const alone: ModelShape = { ...shape, parameters, finalNorm: 0, cache, latent };
  return holdingsOf(rules, placement, alone, options).map((held) => ({ adapters, held }));
}

/** Latent attention's projections down to its ranks: whole on each tensor-parallel rank. */
const WHOLE = /(^|\.)(q_a_proj|kv_a_proj_with_mqa)$/;
const ROW_PARALLEL = /(^|\.)(o_proj|down_proj|out_proj|w2)$/;

/** Parameters of adapters such that division by the tensor-parallel size gives what one rank holds. */
function cutParameters(matrices: readonly Adapter[], tp: number, etp: number): Parameters {
  const of = (part: (typeof PARTS)[number]) => {
    const own = matrices.filter((matrix) => matrix.part === part);
    const cut = part === 'routed' ? etp : tp;
    if (cut === 1) return adapterParameters(own, part);
    // Tensor parallelism cuts B of a matrix whose rows are cut, and A where columns are: the other one is whole.
    return own.reduce((sum, { rank, out, in: columns, copies, path }) => {
      if (WHOLE.test(path)) return sum + copies * rank * (out + columns) * cut;
      const [whole, divided] = ROW_PARALLEL.test(path) ? [out, columns] : [columns, out];
      return sum + copies * rank * (divided + whole * cut);
    }, 0);
  };
  return Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Record<(typeof PARTS)[number], number>;
}
