import { create } from 'zustand';

/** What the address kept of an earlier checkpoint of this page, until it is known whether this one can take it. */
export interface Carried {
  /** The conversion target; null where none was kept. */
  readonly target: string | null;
  readonly unpack: boolean;
  /** A sentence for each choice that this checkpoint could not take. */
  readonly dropped: readonly string[];
}

export const NOTHING_CARRIED: Carried = { target: null, unpack: false, dropped: [] };

export const useCarried = create<Carried>()(() => NOTHING_CARRIED);
