import type { InspectEvent, OpenCounts } from './protocol.ts';

/** Least time between two pictures or counts of an opening checkpoint, in ms. */
const FRAME_MS = 120;
/** Drawing takes at most this part of the worker's time while headers arrive. */
const REST_PER_WORK = 3;

/** Counts the work of one source from its first request on, and tells it to who listens just now. */
export interface Meter {
  /** A request that left, or bytes that came: each as they happen. */
  readonly count: (requests: number, bytes: number) => void;
  readonly shards: (done: number, total: number) => void;
  readonly tell: (event: InspectEvent) => void;
  /** Gives what ends the telling, with the last counts. */
  readonly start: (emit: (event: InspectEvent) => void) => () => void;
}

export interface Ticker {
  readonly tick: () => void;
  readonly stop: () => void;
}

export function createMeter(): Meter {
  let counts: OpenCounts = { requests: 0, bytes: 0, shardsDone: 0, shards: 0 };
  let listener: ((event: InspectEvent) => void) | null = null;
  let ticker: Ticker | null = null;
  const tell = (event: InspectEvent) => listener?.(event);
  const change = (patch: Partial<OpenCounts>) => {
    counts = { ...counts, ...patch };
    ticker?.tick();
  };
  return {
    count: (requests, bytes) => change({ requests: counts.requests + requests, bytes: counts.bytes + bytes }),
    shards: (done, total) => change({ shardsDone: done, shards: total }),
    tell,
    start: (emit) => {
      listener = emit;
      ticker = createTicker(() => tell({ type: 'counts', counts }));
      return () => {
        ticker?.stop();
        ticker = null;
        tell({ type: 'counts', counts });
      };
    },
  };
}

/** Runs `work` soon after a tick, never more often than the frame and the work's own cost allow. */
export function createTicker(work: () => void): Ticker {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let rest = 0;
  let stopped = false;
  const run = () => {
    timer = null;
    const start = performance.now();
    work();
    rest = Math.max(FRAME_MS, REST_PER_WORK * (performance.now() - start));
  };
  return {
    tick: () => {
      if (timer === null && !stopped) timer = setTimeout(run, rest);
    },
    stop: () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
