import type {
  CardRow,
  ConfigFile,
  FitVerdict,
  MemoryPreset,
  MemoryReport,
  MemorySetup,
  PlacementError,
  ProgramId,
} from '../../src/core/index.ts';

/** Sizes that a slider moves. */
export type SizeName = 'gpus' | 'ep' | 'cp' | 'tp' | 'pp';

/** A cell of "what fits": null where the program refuses the set-up. */
export interface FitCell {
  readonly verdict: FitVerdict;
  readonly low: number;
  readonly high: number;
}

/** The verdict for each expert-parallel size (rows) and number of GPUs (columns); everything else stays. */
export interface FitGrid {
  readonly eps: readonly number[];
  readonly gpus: readonly number[];
  readonly cells: readonly (readonly (FitCell | null)[])[];
}

/** What a set-up comes to, usual clusters to try it on, and the values that each size can take while the others stay. */
export interface MemoryAnswer {
  readonly presets: readonly MemoryPreset[];
  readonly report: MemoryReport | PlacementError;
  readonly choices: Readonly<Record<SizeName, readonly number[]>>;
}

/** The planner's questions about the open checkpoint. Errors where its config names no sizes: `config-invalid`. */
export interface MemoryApi {
  memory(setup: MemorySetup): MemoryAnswer;
  memoryGrid(setup: MemorySetup): FitGrid;
  memoryConfig(kind: ProgramId, setup: MemorySetup, model: string): ConfigFile | PlacementError;
  /** The model card's rows explained; empty for every other model. */
  memoryCard(): readonly CardRow[];
}
