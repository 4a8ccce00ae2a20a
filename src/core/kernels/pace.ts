import { GB } from '../units.ts';

/** Where a run's bytes were made. */
export type Where = 'cpu' | 'webgpu';

/**
 * Which of two ways a pipeline is faster with, found while it runs: now and then it goes the other way for a few runs.
 *
 * What counts is the time from the start of one run to the start of the next. It holds everything that the pipeline does
 * beside: transfers, other threads on the same device, hashes.
 */
export interface Pace {
  /** The way of the run that starts now, in which `bytes` go in and out. */
  next(bytes: number): Where;
  /** The way found faster so far. */
  chosen(): Where;
  /** Bytes per second / 10⁹ of the pipeline in each way; null before it was tried. */
  rates(): Readonly<Record<Where, number | null>>;
}

/** Runs before the other way is tried first. Each time that it is not faster, it takes {@link LONGER} times as many. */
const STEADY = 48;
const LONGER = 4;
const MOST = 4096;
/** Runs of a trial that count, after those in which both ways are still under way. */
const TRIAL = 6;
const SETTLE = 2;
/** A difference below this is chance. */
const CLEARLY = 1.05;
/** A longer pause between two runs is no work of the pipeline: it waited for a reader, a network or a finished file. */
const PAUSE_MS = 250;

export interface PaceOptions {
  readonly first: Where;
  /** False while a way is not possible, or not worth a trial. */
  readonly mayTry: (way: Where) => boolean;
  readonly now?: () => number;
}

interface Meter {
  bytes: number;
  ms: number;
}

const other = (way: Where): Where => (way === 'cpu' ? 'webgpu' : 'cpu');

export function createPace({ first, mayTry, now = () => performance.now() }: PaceOptions): Pace {
  let chosen = first;
  let way = first;
  let steady = STEADY;
  let left = STEADY;
  let settling = SETTLE;
  let last: { readonly at: number; readonly bytes: number } | null = null;
  const meters: Record<Where, Meter> = { cpu: { bytes: 0, ms: 0 }, webgpu: { bytes: 0, ms: 0 } };
  const rates: Record<Where, number | null> = { cpu: null, webgpu: null };

  const go = (to: Where, runs: number) => {
    way = to;
    left = runs;
    settling = SETTLE;
    meters[to] = { bytes: 0, ms: 0 };
  };
  const measure = (of: Where) => {
    const { bytes, ms } = meters[of];
    if (ms > 0) rates[of] = bytes / GB / (ms / 1000);
  };
  const turn = () => {
    measure(way);
    if (way !== chosen) {
      const isFaster = (rates[way] ?? 0) > (rates[chosen] ?? 0) * CLEARLY;
      if (isFaster) chosen = way;
      steady = isFaster ? STEADY : Math.min(MOST, steady * LONGER);
      go(chosen, steady);
    } else if (mayTry(other(way))) go(other(way), SETTLE + TRIAL);
    else go(way, steady);
  };
  return {
    next: (bytes) => {
      const at = now();
      if (last) {
        if (settling > 0) settling--;
        else {
          meters[way].bytes += last.bytes;
          meters[way].ms += Math.min(PAUSE_MS, at - last.at);
        }
      }
      last = { at, bytes };
      if (left === 0) turn();
      left--;
      return way;
    },
    chosen: () => chosen,
    rates: () => ({ ...rates }),
  };
}
