import { MIB } from '../units.ts';

/** So much is written between two flushes: enough to keep a disk busy, too little to fill the memory with unwritten pages. */
const FLUSH_BYTES = 64 * MIB;

/** Files up to this size are flushed once, at their end. */
export const EARLY_FROM_BYTES = 2 * FLUSH_BYTES;

/** Sends what was written on its way to the disk while more is written, so that the disk works from the first second on. */
export interface EarlyFlush {
  /** So many bytes more were written. */
  wrote(bytes: number): void;
  /** Waits for the flush under way; none is begun after. @throws what an early flush threw: systems say such a thing once. */
  end(): Promise<void>;
}

/** Calls `flush` after each 64 MiB, one call at a time, in the background; it must not hold up writes. */
export function createEarlyFlush(flush: () => Promise<unknown>): EarlyFlush {
  let waiting = 0;
  let ended = false;
  let underWay: Promise<unknown> | null = null;
  let failure: { readonly cause: unknown } | null = null;
  const begin = () => {
    if (ended || underWay || failure || waiting < FLUSH_BYTES) return;
    waiting = 0;
    underWay = flush()
      .catch((cause: unknown) => {
        failure = { cause };
      })
      .finally(() => {
        underWay = null;
        begin();
      });
  };
  return {
    wrote: (bytes) => {
      waiting += bytes;
      begin();
    },
    end: async () => {
      ended = true;
      await underWay;
      if (failure) throw failure.cause;
    },
  };
}
