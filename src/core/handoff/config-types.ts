import type { Provenance } from '../provenance.ts';
import type { Choices } from '../ranks/memory/choices.ts';
import type { MemoryProgram } from '../ranks/memory/rules.ts';
import type { MemoryMesh } from '../ranks/memory/setup.ts';
import type { ModelShape } from '../ranks/memory/shape.ts';
import type { StagedPlacement } from '../ranks/placement.ts';

/** Everything that a configuration is filled from. */
export interface ConfigFacts {
  /** A repo or a folder, as its program takes it. */
  readonly model: string;
  readonly shape: ModelShape;
  /** The placement that is shown: strategy as it settled, sizes, redundant experts. */
  readonly placement: StagedPlacement;
  /** Its sizes with the world. */
  readonly mesh: MemoryMesh;
  readonly choices: Choices;
}

/** How a program's configuration is made. Rules change: `version` is what the keys were read in. */
export interface ConfigurationRules extends Provenance {
  readonly title: string;
  /** The program whose placement and memory it speaks of, where that is another one. */
  readonly of?: MemoryProgram;
  readonly file: string;
  readonly comment: '#';
  text(facts: ConfigFacts): string;
  /** What it cannot do, or what one would not expect. */
  limits(facts: ConfigFacts): readonly string[];
  /** Why this set-up cannot be said to the program; null where it can. */
  refusal?(facts: ConfigFacts): string | null;
}
