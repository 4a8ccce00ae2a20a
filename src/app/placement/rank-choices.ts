import { create } from 'zustand';
import type { PlacedPicture } from '../../../workers/ranks/protocol.ts';
import type { Loads, SlotMap } from '../../core/index.ts';
import { rowOfLayer, type Selection, useSelection } from '../state/selection.ts';
import { rankOfCell } from './rank-colours.ts';

/** A file that placement goes by, and whose it is. */
export interface InputFile<T> {
  readonly name: string;
  readonly rows: T;
}

/** What the Ranks view holds beside the address: files that were given, and the rank that is looked at. */
export interface RankChoices {
  readonly loads: InputFile<Loads> | null;
  readonly map: InputFile<SlotMap> | null;
  readonly problem: string | null;
  readonly pinned: number | null;
  readonly hovered: number | null;
}

export const useRankChoices = create<RankChoices>()(() => ({
  loads: null,
  map: null,
  problem: null,
  pinned: null,
  hovered: null,
}));

/** Changes some of the choices. */
export function chooseRank(patch: Partial<RankChoices>): void {
  useRankChoices.setState(patch);
}

/** The rank under the pointer, else the one that was pinned; null where it does not exist. */
export function useShownRank(world: number): number | null {
  const rank = useRankChoices((state) => state.hovered ?? state.pinned);
  return rank !== null && rank < world ? rank : null;
}

/** The chosen expert and the first rank that holds it; null where none is chosen, or nobody holds it. */
export function useHolder(placed: PlacedPicture): (Selection & { readonly rank: number }) | null {
  const selection = useSelection();
  if (!selection || selection.expert >= placed.width) return null;
  const row = rowOfLayer(placed.rows, selection.layer);
  const rank = row === -1 ? -1 : rankOfCell(placed, row, selection.expert);
  return rank === -1 ? null : { ...selection, rank };
}

/** The rank that the view tells of: that of {@link useShownRank}, else the chosen expert's first, else rank 0. */
export function useToldRank(placed: PlacedPicture): number {
  const shown = useShownRank(placed.mesh.world);
  const holder = useHolder(placed);
  return shown ?? holder?.rank ?? 0;
}

/** Whether a rank holds what the first one holds. */
export function holdsSame({ twins }: PlacedPicture, rank: number, first: number): boolean {
  return rank === first || twins[rank] === first;
}
