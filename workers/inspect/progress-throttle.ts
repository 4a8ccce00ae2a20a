import type { InspectEvent, OpenCounts } from './protocol.ts';

/** Minimum time between two drawings or reports of counts while a checkpoint opens, in ms. */
const FRAME_MS = 120;
/** Drawing takes at most this part of the worker's time while headers arrive. */
const REST_PER_WORK = 3;

/** Counts requests, bytes and shards of one source from its first request on, and reports them to the current listener at a limited rate. */
export interface ProgressThrottle {
  /** Adds requests sent and bytes received, as they happen. */
  readonly count: (requests: number, bytes: number) => void;
  readonly shards: (done: number, total: number) => void;
  readonly tell: (event: InspectEvent) => void;
  /** Starts reporting to `emit`. The function that it returns ends the reports with the last counts. */
  readonly start: (emit: (event: InspectEvent) => void) => () => void;
}

/** Limits how often one function runs. */
export interface Throttle {
  readonly tick: () => void;
  readonly stop: () => void;
}

export function createProgressThrottle(): ProgressThrottle {
  let counts: OpenCounts = { requests: 0, bytes: 0, shardsDone: 0, shards: 0 };
  let listener: ((event: InspectEvent) => void) | null = null;
  let throttle: Throttle | null = null;
  const tell = (event: InspectEvent) => listener?.(event);
  const change = (patch: Partial<OpenCounts>) => {
    counts = { ...counts, ...patch };
    throttle?.tick();
  };
  return {
    count: (requests, bytes) => change({ requests: counts.requests + requests, bytes: counts.bytes + bytes }),
    shards: (done, total) => change({ shardsDone: done, shards: total }),
    tell,
    start: (emit) => {
      listener = emit;
      throttle = createThrottle(() => tell({ type: 'counts', counts }));
      return () => {
        throttle?.stop();
        throttle = null;
        tell({ type: 'counts', counts });
      };
    },
  };
}

/** Runs `work` after a tick, at most once per `FRAME_MS` and per `REST_PER_WORK` times the duration of its last run. */
export function createThrottle(work: () => void): Throttle {
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
