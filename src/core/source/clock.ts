/** Time as the network code sees it; tests give their own. `after` gives back what calls it off. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** `idle`: nobody waits for it, so that it does not keep the program from ending. */
  after(ms: number, run: () => void, idle?: boolean): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run, idle = false) => {
    const id: unknown = setTimeout(run, ms);
    // Node has an object, browsers a number: there a timer keeps nothing open.
    if (idle && typeof id === 'object') (id as { unref(): void }).unref();
    return () => clearTimeout(id as number);
  },
};
