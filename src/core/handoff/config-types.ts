import type { Emitted } from '../embed/emitted.ts';
import type { Provenance } from '../provenance.ts';
import type { MemoryRules } from '../ranks/memory/rules.ts';
import type { MemoryMesh } from '../ranks/memory/setup.ts';
import type { ModelShape } from '../ranks/memory/shape.ts';
import type { StagedPlacement } from '../ranks/placement.ts';
import type { PlacementOptions, PlacingProgram } from '../ranks/types.ts';
import type { ConfigChoices } from './config-choices.ts';

/** A program whose placement a configuration speaks of, with its memory where that is modelled. */
export type ConfigOwner = PlacingProgram & { readonly memory?: MemoryRules };

/** Everything that a configuration is filled from. */
export interface ConfigFacts {
  /** A repo or a folder, as its program takes it. */
  readonly model: string;
  readonly shape: ModelShape;
  /** The placement that is shown: strategy as it settled, sizes, redundant experts. */
  readonly placement: StagedPlacement;
  /** Its sizes with the world. */
  readonly mesh: MemoryMesh;
  readonly choices: ConfigChoices;
  /** The placement as it was asked for, with the program's own options. */
  readonly options: PlacementOptions;
}

/** How a program's configuration is made. Rules change: `version` is what the keys were read in. */
export interface ConfigurationRules extends Provenance {
  readonly title: string;
  /** The program whose placement and memory it speaks of, where that is another one. */
  readonly of?: ConfigOwner;
  readonly file: string;
  /** What begins a comment; null where the format has none, and limits stand beside the text alone. */
  readonly comment: '#' | null;
  /** Only what the functions of `embed/` made. */
  text(facts: ConfigFacts): Emitted;
  /** What it cannot do, or what one would not expect. */
  limits(facts: ConfigFacts): readonly string[];
  /** Why this set-up cannot be said to the program; null where it can. */
  refusal?(facts: ConfigFacts): string | null;
}
