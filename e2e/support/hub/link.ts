/** A line between the server and all its clients. */
export interface LinkSettings {
  /** Body bytes a second, over all connections together. */
  readonly bytesPerSecond: number;
  /** Milliseconds from a request to the first byte of its answer. */
  readonly roundTripMs: number;
}

export interface Link {
  readonly roundTripMs: number;
  /** Hands over bytes; gives the milliseconds after which the next ones may follow. */
  take(bytes: number): number;
}

/** What a line may make good of time in which nothing was handed over: a timer that was late costs no bytes. */
const BURST_MS = 20;

/** A token bucket. `now`: milliseconds, of any beginning. */
export function createLink({ bytesPerSecond, roundTripMs }: LinkSettings, now = () => performance.now()): Link {
  let idleFrom = Number.NEGATIVE_INFINITY;
  return {
    roundTripMs,
    take: (bytes) => {
      const at = now();
      idleFrom = Math.max(idleFrom, at - BURST_MS) + (bytes / bytesPerSecond) * 1000;
      return Math.max(0, idleFrom - at);
    },
  };
}
