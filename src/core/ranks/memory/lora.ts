import type { Provenance } from '../../provenance.ts';
import type { PlacementError } from '../types.ts';
import type { UsualRegime } from './regimes.ts';
import type { Matrix, ModelShape, Part } from './shape.ts';

/** A LoRA run as it is asked for; without targets the program's usual ones are taken. */
export interface LoraSetup {
  readonly rank: number;
  readonly targets: readonly string[] | null;
}

/** The pair A `[rank, in]` and B `[out, rank]` beside matrices of one shape. */
export interface Adapter extends Matrix {
  readonly rank: number;
  /** True where the adapter's product is added to whole stacked weights, which are then computed in every forward pass. */
  readonly merges: boolean;
}

/** What LoRA adds to a model. */
export interface Adapters {
  readonly rank: number;
  /** The targets as the program takes them. */
  readonly targets: readonly string[];
  readonly matrices: readonly Adapter[];
  /** Sentences about what was chosen, and about targets that add nothing. */
  readonly said: readonly string[];
}

/** How one program trains with LoRA. */
export interface LoraRules extends Provenance {
  /** Bytes of an adapter's parameter. */
  readonly usual: UsualRegime;
  /** The adapters that targets mean on a model. An error is the program's own message. Pure. */
  adapters(shape: ModelShape, lora: LoraSetup): Adapters | PlacementError;
}

/** What a flag, or an address, says of LoRA. */
export const LORA_GRAMMAR =
  'a rank, or r=<rank>,targets=<name>[+<name>…]; a name is a module such as q_proj, or attention, experts, all-linear';

const MOST_RANK = 65_536;
const MOST_TARGETS = 64;
const RANK = /^[1-9]\d{0,4}$/;
const TARGET = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

/** A rank of LoRA; null for any other text. */
export function parseLoraRank(text: string): number | null {
  return RANK.test(text) && Number(text) <= MOST_RANK ? Number(text) : null;
}

/** Targets with `+` between them; null where one is no name, or there are too many. */
export function parseLoraTargets(text: string): readonly string[] | null {
  const names = text.split('+', MOST_TARGETS + 1);
  return names.length <= MOST_TARGETS && names.every((name) => TARGET.test(name)) ? [...new Set(names)] : null;
}

/** Reads {@link LORA_GRAMMAR}; null where the text is not of it. */
export function parseLora(text: string): LoraSetup | null {
  let rank: number | null = null;
  let targets: readonly string[] | null = null;
  for (const [at, part] of text.split(',', 3).entries()) {
    const [key, value, ...more] = part.split('=', 3);
    const isRank = rank === null && ((key === 'r' && value !== undefined) || (at === 0 && value === undefined));
    if (isRank) rank = parseLoraRank(value ?? key ?? '');
    else if (key === 'targets' && value !== undefined && targets === null) targets = parseLoraTargets(value);
    else return null;
    if ((isRank ? rank : targets) === null || more.length > 0) return null;
  }
  return rank === null ? null : { rank, targets };
}

/** Parameters of an adapter on one matrix: `rank · (in + out)`. */
export function adapterSize({ rank, in: columns, out }: Pick<Adapter, 'rank' | 'in' | 'out'>): number {
  return rank * (columns + out);
}

/** Parameters of all adapters, or of those on one part of the model. */
export function adapterParameters(matrices: readonly Adapter[], part?: Part): number {
  return matrices.reduce(
    (sum, matrix) => (part === undefined || matrix.part === part ? sum + adapterSize(matrix) * matrix.copies : sum),
    0,
  );
}
