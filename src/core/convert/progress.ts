import type { ConversionPlan } from '../plan/types.ts';

export type Phase = 'write' | 'verify' | 'finish';

/** Counted bytes, never guesses. `total` counts every tensor byte twice: once written, once read back. */
export interface Progress {
  readonly phase: Phase;
  /** The output file in hand. */
  readonly file: string | null;
  readonly done: number;
  readonly total: number;
  readonly writtenBytes: number;
  readonly verifiedBytes: number;
  readonly shardsDone: number;
  readonly shards: number;
}

export interface ProgressMeter {
  readonly enter: (phase: Phase, file: string | null) => void;
  readonly written: (bytes: number) => void;
  readonly verified: (bytes: number) => void;
  readonly finish: () => void;
}

/** Counts the bytes of one run and tells them. */
export function createProgress(plan: ConversionPlan, tell: ((progress: Progress) => void) | undefined): ProgressMeter {
  let phase: Phase = 'write';
  let file: string | null = null;
  let writtenBytes = 0;
  let verifiedBytes = 0;
  let shardsDone = -1;
  const say = () =>
    tell?.({
      phase,
      file,
      done: writtenBytes + verifiedBytes,
      total: 2 * plan.bytes,
      writtenBytes,
      verifiedBytes,
      shardsDone: Math.max(0, shardsDone),
      shards: plan.shards.length,
    });
  return {
    enter: (next, name) => {
      if (next !== 'verify') shardsDone++;
      phase = next;
      file = name;
      say();
    },
    written: (bytes) => {
      writtenBytes += bytes;
      say();
    },
    verified: (bytes) => {
      verifiedBytes += bytes;
      say();
    },
    finish: say,
  };
}
