/** How long a run worked, in seconds of the wall clock, shared out by what its shards were at. */
export interface PhaseSeconds {
  readonly write: number;
  readonly verify: number;
  /** Neither: opening, the small files, hashes still under way. */
  readonly rest: number;
}

export interface PhaseClock {
  /** From now on so many shards are being written, and so many read back. */
  at(writing: number, verifying: number): void;
  seconds(): PhaseSeconds;
}

/**
 * Shares time out among the phases: while two shards are written and one is read back, two thirds of each second count as
 * writing. The three sum up to the time since the clock was made; `now` in milliseconds.
 */
export function createPhaseClock(now: () => number = () => performance.now()): PhaseClock {
  const spent = { write: 0, verify: 0, rest: 0 };
  let counts = { write: 0, verify: 0 };
  let since = now();
  const settle = () => {
    const time = now();
    const passed = (time - since) / 1000;
    const hands = counts.write + counts.verify;
    if (hands === 0) spent.rest += passed;
    else {
      spent.write += (passed * counts.write) / hands;
      spent.verify += (passed * counts.verify) / hands;
    }
    since = time;
  };
  return {
    at: (write, verify) => {
      settle();
      counts = { write, verify };
    },
    seconds: () => {
      settle();
      return { ...spent };
    },
  };
}
