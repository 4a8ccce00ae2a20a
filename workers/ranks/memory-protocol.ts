import type {
  CardRow,
  ConfigFile,
  FitVerdict,
  MemoryReport,
  MemorySetup,
  PlacementError,
  ProgramId,
} from '../../src/core/index.ts';

/** Sizes that a slider moves. */
export type SizeName = 'gpus' | 'ep' | 'cp' | 'tp' | 'pp';

/** A cell of "what fits": null where the set-up cannot be. */
export interface FitCell {
  readonly verdict: FitVerdict;
  readonly low: number;
  readonly high: number;
}

/** Every verdict over expert parallelism (rows) and GPUs (columns), all else as it is. */
export interface FitGrid {
  readonly eps: readonly number[];
  readonly gpus: readonly number[];
  readonly cells: readonly (readonly (FitCell | null)[])[];
}

/** What a set-up comes to, and which values each size can take beside the others. */
export interface MemoryAnswer {
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
