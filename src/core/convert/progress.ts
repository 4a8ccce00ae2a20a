import type { ConversionPlan, OutputShard } from '../plan/types.ts';
import { createPhaseClock, type PhaseSeconds } from './phase-clock.ts';

export type Phase = 'write' | 'verify' | 'finish';

/** A shard that is being worked on. */
export interface InHand {
  readonly file: string;
  readonly phase: 'write' | 'verify';
}

/**
 * Counted bytes, never guesses. `total` counts every tensor byte twice, once written and once read back; what an earlier
 * run wrote is counted once, for it is only read back.
 */
export interface Progress {
  readonly phase: Phase;
  /** The output file in hand; the one that was begun first, where there are several. */
  readonly file: string | null;
  readonly inHand: readonly InHand[];
  /** Output files that are proven, in the order in which they were. */
  readonly provenFiles: readonly string[];
  readonly done: number;
  readonly total: number;
  readonly writtenBytes: number;
  readonly verifiedBytes: number;
  readonly shardsDone: number;
  readonly shards: number;
}

export interface ProgressMeter {
  readonly enter: (shard: OutputShard, phase: InHand['phase']) => void;
  /** The shard is proven, or given up (then its bytes do not count as done). */
  readonly leave: (shard: OutputShard, proven: boolean) => void;
  readonly written: (shard: OutputShard, bytes: number) => void;
  readonly verified: (shard: OutputShard, bytes: number) => void;
  /** A shard of an earlier run turned out to be wrong: it is made again. */
  readonly again: (shard: OutputShard) => void;
  /** From here on the files beside the shards are written. */
  readonly finish: () => void;
  /** How long the run took so far, and at what. */
  readonly seconds: () => PhaseSeconds;
}

/** Counts the bytes of one run and tells them. `kept`: shards that an earlier run wrote. */
export function createProgress(
  plan: ConversionPlan,
  kept: ReadonlySet<string>,
  tell: ((progress: Progress) => void) | undefined,
): ProgressMeter {
  const inHand = new Map<string, InHand['phase']>();
  const counted = new Map<string, { written: number; verified: number }>();
  let total = plan.shards.reduce((sum, shard) => sum + (kept.has(shard.file) ? 1 : 2) * bytesOf(shard), 0);
  let writtenBytes = 0;
  let verifiedBytes = 0;
  let provenFiles: readonly string[] = [];
  let finishing = false;
  const clock = createPhaseClock();
  const tick = () => {
    const phases = [...inHand.values()];
    const writing = phases.filter((phase) => phase === 'write').length;
    clock.at(writing, phases.length - writing);
  };
  const say = () => {
    const [first] = inHand;
    tell?.({
      phase: finishing ? 'finish' : (first?.[1] ?? 'write'),
      file: first?.[0] ?? null,
      inHand: [...inHand].map(([file, phase]) => ({ file, phase })),
      done: writtenBytes + verifiedBytes,
      total,
      writtenBytes,
      verifiedBytes,
      provenFiles,
      shardsDone: provenFiles.length,
      shards: plan.shards.length,
    });
  };
  const countOf = (shard: OutputShard) => {
    const count = counted.get(shard.file) ?? { written: 0, verified: 0 };
    counted.set(shard.file, count);
    return count;
  };
  const forget = (shard: OutputShard) => {
    const { written, verified } = countOf(shard);
    counted.delete(shard.file);
    writtenBytes -= written;
    verifiedBytes -= verified;
  };
  return {
    enter: (shard, phase) => {
      inHand.set(shard.file, phase);
      tick();
      say();
    },
    leave: (shard, proven) => {
      inHand.delete(shard.file);
      tick();
      if (proven) provenFiles = [...provenFiles, shard.file];
      else forget(shard);
      say();
    },
    written: (shard, bytes) => {
      countOf(shard).written += bytes;
      writtenBytes += bytes;
      say();
    },
    verified: (shard, bytes) => {
      countOf(shard).verified += bytes;
      verifiedBytes += bytes;
      say();
    },
    again: (shard) => {
      total += bytesOf(shard);
    },
    finish: () => {
      finishing = true;
      say();
    },
    seconds: clock.seconds,
  };
}

function bytesOf(shard: OutputShard): number {
  return shard.byteLength - shard.header.byteLength;
}
