/** `moe-loom/ranks`: which rank holds which experts under the rules of each program. */
export type { ProgramId } from '../core/programs/all.ts';
export {
  DEFAULT_RANK_PROGRAM,
  isFrameworkId,
  planPlacement,
  type RankOptions,
  ranksOf,
  summarize,
} from '../core/programs/placing.ts';
export { type RankReads, rankReads } from '../core/ranks/bytes.ts';
export { rankModelOfConfig } from '../core/ranks/config-model.ts';
export { type RankEntry, type RankModel, type RankSummary, rankModel } from '../core/ranks/summary.ts';
export type { Placement, PlacementError, PlacementOptions } from '../core/ranks/types.ts';
