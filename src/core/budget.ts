import { LoomError } from './errors.ts';
import { MIB } from './units.ts';

/** Memory that one job may hold in buffers at once, unless the user sets another. */
export const DEFAULT_BUDGET_BYTES = 256 * MIB;

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/** A pool of bytes that buffers are taken out of: `take` waits, first come first served, until there is room. */
export interface Budget {
  readonly capacity: number;
  /** Most bytes that were out at once. */
  readonly peak: number;
  /** Waits for `bytes`; the answer gives them back, once. More than the capacity counts as all of it. */
  take(bytes: number, signal?: AbortSignal): Promise<() => void>;
}

/**
 * A budget of this many bytes; 256 MiB unless given.
 *
 * @throws LoomError `usage` when the capacity is no positive number.
 *
 * @example
 * ```ts
 * import { createBudget } from 'moe-loom/convert';
 * const budget = createBudget(64 * 1024 * 1024);
 * console.log(budget.capacity); // → 67108864
 * ```
 */
export function createBudget(capacity: number = DEFAULT_BUDGET_BYTES): Budget {
  if (!(capacity > 0)) throw new LoomError('usage', `A memory budget must be above 0 bytes, not ${capacity}.`);
  let free = capacity;
  let peak = 0;
  const waiting: Waiter[] = [];

  const serve = () => {
    for (let first = waiting[0]; first && first.bytes <= free; first = waiting[0]) {
      waiting.shift();
      hold(first.bytes);
      first.grant();
    }
  };
  const hold = (bytes: number) => {
    free -= bytes;
    peak = Math.max(peak, capacity - free);
  };
  const releaser = (bytes: number) => {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      free += bytes;
      serve();
    };
  };
  const take = (asked: number, signal?: AbortSignal): Promise<() => void> => {
    if (signal?.aborted) return Promise.reject(cancelled());
    const bytes = Math.min(asked, capacity);
    if (waiting.length === 0 && bytes <= free) {
      hold(bytes);
      return Promise.resolve(releaser(bytes));
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        const at = waiting.indexOf(waiter);
        if (at >= 0) waiting.splice(at, 1);
        reject(cancelled());
        serve();
      };
      const grant = () => {
        signal?.removeEventListener('abort', leave);
        resolve(releaser(bytes));
      };
      const waiter: Waiter = { bytes, grant };
      waiting.push(waiter);
      signal?.addEventListener('abort', leave, { once: true });
    });
  };

  return {
    capacity,
    get peak() {
      return peak;
    },
    take,
  };
}

function cancelled(): LoomError {
  return new LoomError('cancelled', 'The work was stopped.');
}
