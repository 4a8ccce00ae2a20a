/** The Hub counts in windows of 300 s: no pause need be longer. */
export const MAX_PAUSE_MS = 300_000;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 8_000;

/** 1 s, doubling, to 8 s: what Python's client waits. */
export function backOff(step: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** step, MAX_DELAY_MS);
}

/** Between half and all of `ms`, so that those who failed together do not come back together. */
export function jittered(ms: number, random: () => number): number {
  return Math.min(ms, MAX_PAUSE_MS) * (0.5 + random() / 2);
}
