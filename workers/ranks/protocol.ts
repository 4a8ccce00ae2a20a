import type {
  Communication,
  CutPictures,
  CutRange,
  Exchange,
  LoadingReport,
  Mesh,
  NearSizes,
  PlanEntry,
  ProgramId,
  RankEntry,
  RankOptions,
  RankSummary,
  Strategy,
  Target,
} from '../../src/core/index.ts';

/** What a placement is asked for: a layout (null for the present one) and the sizes of the parallel groups. */
export interface RankQuery {
  readonly target: Target | null;
  /** `bf16`: as if a conversion to the target unpacked quantised weights; without a target it says nothing. */
  readonly unpack: 'bf16' | null;
  readonly options: RankOptions;
}

/** A size of expert parallelism that divides the experts, with the framework's message where it refuses it. */
export interface EpChoice {
  readonly ep: number;
  readonly error: string | null;
}

/** A layer of experts, as a row of the grid. */
export interface RankRow {
  readonly prefix: string;
  readonly index: number | null;
  readonly experts: number;
}

/** A placement in arrays that move between threads: who holds what, and how many bytes. */
export interface PlacedPicture {
  readonly strategy: Strategy;
  readonly redundant: number;
  readonly mesh: NonNullable<RankSummary['mesh']>;
  readonly grids: Mesh['grids'];
  /** Names of mesh axes; `coords` holds a number for each of them, rank by rank. */
  readonly axes: readonly string[];
  readonly coords: Int32Array<ArrayBuffer>;
  /** Number of expert-parallel ranks. */
  readonly ep: number;
  readonly rows: readonly RankRow[];
  readonly width: number;
  /** The first rank that holds each cell, −1 where a layer has no such expert. */
  readonly holders: Int32Array<ArrayBuffer>;
  /** For each rank the first one that holds the same experts. */
  readonly twins: Int32Array<ArrayBuffer>;
  /** Four numbers a rank: experts, redundant experts, dense replicated, dense sharded. */
  readonly held: Float64Array<ArrayBuffer>;
  readonly experts: readonly RankEntry['experts'][];
  readonly uniform: boolean;
  readonly stages: readonly number[];
  readonly imbalance: number;
  /** Largest against mean tokens of each layer, null without loads. */
  readonly tokenImbalance: readonly number[] | null;
  readonly exchange: Exchange;
  readonly communication: Communication | null;
  readonly warnings: readonly string[];
}

/** What the Ranks view draws at once; ranges and files follow. */
export interface RankPicture {
  readonly choices: readonly EpChoice[];
  /** Numbers of experts that layers have, ascending. */
  readonly experts: readonly number[];
  readonly modelType: string | null;
  readonly topK: number | null;
  readonly hidden: number | null;
  readonly files: readonly { readonly name: string; readonly byteLength: number }[];
  /** The entries of the framework's plan for this architecture; null where it goes by none. */
  readonly plan: readonly PlanEntry[] | null;
  /** Why nothing is placed, in the framework's words, or in those of a conversion that cannot be. */
  readonly error: string | null;
  readonly refusedBy: 'framework' | 'checkpoint' | 'conversion' | null;
  /** The file that must be given before anything can be placed or refused. */
  readonly needs: 'loads' | 'map' | null;
  /** Where the program refuses: the nearest sizes that it would take. */
  readonly near: readonly NearSizes[];
  /** Redundant experts that would make an uneven size even. */
  readonly fewestRedundant: number;
  readonly placed: PlacedPicture | null;
}

/** Bytes that each rank reads of each file, rank by rank. */
export interface RankFiles {
  readonly bytes: Float64Array<ArrayBuffer>;
  readonly files: number;
}

/** One rank: its cells, its ranges, and what loading it costs. */
export interface RankDetail {
  readonly rank: number;
  readonly loading: LoadingReport;
  readonly perFile: Float64Array<ArrayBuffer>;
  /** 1 where the rank holds the expert of a layer. */
  readonly cells: Uint8Array<ArrayBuffer>;
  readonly rangeFile: Uint32Array<ArrayBuffer>;
  readonly rangeOffset: Float64Array<ArrayBuffer>;
  readonly rangeLength: Float64Array<ArrayBuffer>;
  /** Tensors (or parts of them) in each range. */
  readonly rangeParts: Uint32Array<ArrayBuffer>;
  readonly byColumns: number;
}

/** Who holds one expert of one layer, and its bytes. */
export interface RankCell {
  readonly row: number;
  readonly expert: number;
  readonly ranks: readonly number[];
  readonly bytes: number;
}

/** What one rank reads of one layer's experts, drawn. */
export interface RankCut extends CutPictures {
  readonly rank: number;
  readonly row: number;
  readonly words: string;
  readonly ranges: readonly CutRange[];
}

/** What can be taken along; a program's id represents its own placement file. */
export type RankTake = 'manifest' | 'assertion' | ProgramId;

/** A file to take along, or why there is none. */
export type TakenFile =
  | { readonly name: string; readonly blob: Blob; readonly problem: null }
  | { readonly name: string; readonly blob: null; readonly problem: string };

/** The part of the inspecting worker that places experts on ranks. Signals are arguments of their own. */
export interface RankApi {
  rankPicture(query: RankQuery): Promise<RankPicture>;
  rankFiles(query: RankQuery, signal: AbortSignal): Promise<RankFiles>;
  rankDetail(query: RankQuery, rank: number): Promise<RankDetail>;
  rankCell(query: RankQuery, row: number, expert: number): Promise<RankCell>;
  /** A row of the picture, as one rank reads it; the strip is `width` wide. */
  rankCut(query: RankQuery, rank: number, row: number, width: number): Promise<RankCut>;
  /** `repo` and `revision` are what the manifest says of the source, null for local files. */
  rankTake(
    query: RankQuery,
    take: RankTake,
    source: { readonly repo: string | null; readonly revision: string | null },
  ): Promise<TakenFile>;
}
