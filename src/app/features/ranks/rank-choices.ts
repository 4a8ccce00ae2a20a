import { create } from 'zustand';
import type { Loads, SlotMap } from '../../../core/index.ts';

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
