import { addressStore, go, move, useAddress } from '../address-store.ts';
import { useRememberedLook } from '../remembered-look.ts';
import type { Look } from './look.ts';
import type { PlaceAddress } from './place.ts';

/** A part of how checkpoints are drawn: what the address says. */
export function useLook<K extends keyof Look>(key: K): Look[K] {
  return useAddress((address) => address.look[key]);
}

/** Draws checkpoints another way: in the address, and remembered for the next visit. `step` makes it a step that Back undoes. */
export function chooseLook(patch: Partial<Look>, step = false): void {
  const look = { ...addressStore.getState().address.look, ...patch };
  useRememberedLook.setState(patch);
  (step ? go : move)({ look });
}

/** Changes which part of the checkpoint is in sight. */
export function movePlace(patch: Partial<PlaceAddress>): void {
  move({ place: { ...addressStore.getState().address.place, ...patch } });
}
