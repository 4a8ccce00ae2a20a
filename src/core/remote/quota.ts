/** Seconds over which the Hub counts requests. */
const QUOTA_WINDOW_SECONDS = 300;
/** Our own count of requests for files: the Hub's is in headers that pages cannot read. */
export interface QuotaCounter {
  count(): void;
  /** Requests in the last 300 s. */
  used(): number;
  /** Seconds until the oldest counted request falls out of the window, 0 when there is none. */
  freeIn(): number;
}

/** A rolling count over the last 300 s, to the second; `now` in milliseconds. */
export function createQuotaCounter(now: () => number = Date.now): QuotaCounter {
  const bySecond = new Map<number, number>();
  const second = () => Math.floor(now() / 1000);
  const forget = () => {
    for (const at of bySecond.keys()) if (at <= second() - QUOTA_WINDOW_SECONDS) bySecond.delete(at);
  };
  return {
    count: () => {
      forget();
      bySecond.set(second(), (bySecond.get(second()) ?? 0) + 1);
    },
    used: () => {
      forget();
      return [...bySecond.values()].reduce((sum, count) => sum + count, 0);
    },
    freeIn: () => {
      forget();
      const oldest = bySecond.keys().next().value;
      return oldest === undefined ? 0 : oldest + QUOTA_WINDOW_SECONDS - second();
    },
  };
}
