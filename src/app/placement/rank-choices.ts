import { create } from 'zustand';
import type { PlacedPicture } from '../../../workers/ranks/protocol.ts';
import { type Loads, rowOfLayer, type SlotMap } from '../../core/index.ts';
import { useAddress } from '../state/address-store.ts';
import { movePlace } from '../state/seen/use-look.ts';
import { type Selection, useSelection } from '../state/selection.ts';
import { rankOfCell } from './rank-colours.ts';

/** A file that placement goes by, and whose it is. */
export interface InputFile<T> {
  readonly name: string;
  readonly rows: T;
}

/** What the Ranks view holds beside the address: files that a person gave, and the rank under the pointer. */
export interface RankChoices {
  readonly loads: InputFile<Loads> | null;
  readonly map: InputFile<SlotMap> | null;
  readonly problem: string | null;
  readonly hovered: number | null;
}

export const useRankChoices = create<RankChoices>()(() => ({
  loads: null,
  map: null,
  problem: null,
  hovered: null,
}));

/** Changes some of the choices; the pinned rank is part of the address. */
export function chooseRank({ pinned, ...patch }: Partial<RankChoices> & { readonly pinned?: number | null }): void {
  useRankChoices.setState(patch);
  if (pinned !== undefined) movePlace({ rank: pinned });
}

/** The rank that was pinned; null for none. */
export function usePinnedRank(): number | null {
  return useAddress((address) => address.place.rank);
}

/** The rank under the pointer, else the one that was pinned; null where it does not exist. */
export function useShownRank(world: number): number | null {
  const hovered = useRankChoices((state) => state.hovered);
  const pinned = usePinnedRank();
  const rank = hovered ?? pinned;
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
