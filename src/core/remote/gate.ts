import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import { type Clock, systemClock } from '../source/clock.ts';
import { backOff, jittered, MAX_PAUSE_MS } from './back-off.ts';

/**
 * Room for requests in flight, in slots. A header is small and takes one: over HTTP/2, which the Hub speaks, what limits
 * opening a model is the number of round trips under way. So many let the 118 headers of a 470 GB model come in
 * three rounds; servers allow 100 streams and more on one connection.
 */
export const SLOTS = 40;
/** First pause after a 429 that does not say how long; doubling from here reaches the window's end in six steps. */
const RATE_LIMIT_PAUSE_MS = 5_000;
/** So many lost connections in a row are a matter for all requests: a browser shows a 429 without CORS headers so. */
const NETWORK_BURST = 3;

/** All requests wait: why, and until when (milliseconds since the epoch). */
export interface Pause {
  /** `quota`: by our own count the server would refuse the next request. */
  readonly reason: 'rate-limited' | 'network' | 'quota';
  readonly until: number;
  /** The host that asks for it, where it is known: a file host has its own limits. */
  readonly host?: string | undefined;
}

export interface GateOptions {
  /** Slots for requests in flight; 40 unless given. */
  readonly limit?: number | undefined;
  readonly clock?: Clock | undefined;
  /** 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined;
  readonly onPause?: ((pause: Pause) => void) | undefined;
  /** Asked before each request, with what is in flight: milliseconds for which all have to wait, 0 to proceed. */
  readonly holdMs?: ((inFlight: number) => number) | undefined;
}

/** What all requests to one server go through: it bounds how many are in flight and lets all wait when one is told to. */
export interface Gate {
  readonly clock: Clock;
  readonly random: () => number;
  /** Slots that are taken. */
  readonly inFlight: number;
  /** Milliseconds since the epoch, null when nobody has to wait. */
  readonly pausedUntil: number | null;
  /** Calls back for each pause as it begins or grows, and with null when requests resume. Returns what ends that. */
  watch(listener: (pause: Pause | null) => void): () => void;
  /**
   * Runs `task` when there is room for it (one slot unless given) and no pause.
   *
   * @throws LoomError `cancelled` while it waits, else what `task` throws.
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal, slots?: number): Promise<T>;
}

/** A gate whose pauses follow from the errors that pass it: `rate-limited` (with `retryAfter` in seconds) and `network`. */
export function createGate(options: GateOptions = {}): Gate {
  const { limit = SLOTS, clock = systemClock, random = Math.random, onPause, holdMs } = options;
  const listeners = new Set<(pause: Pause | null) => void>();
  const waiting = new Set<Place>();
  let inFlight = 0;
  const admit = () => {
    for (const place of waiting) {
      if (halt.until !== null || (inFlight > 0 && inFlight + place.slots > limit)) return;
      const hold = holdMs?.(inFlight) ?? 0;
      if (hold > 0) {
        halt.begin('quota', hold);
        return;
      }
      waiting.delete(place);
      inFlight += place.slots;
      place.start();
    }
  };
  const tell = (pause: Pause | null) => {
    if (pause) onPause?.(pause);
    for (const listener of listeners) listener(pause);
  };
  const halt = createHalt(clock, admit, tell);
  const lessons = createLessons(halt, random);
  return {
    clock,
    random,
    get inFlight() {
      return inFlight;
    },
    get pausedUntil() {
      return halt.until;
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    run: async (task, signal, slots = 1) => {
      throwIfAborted(signal);
      const heed = () => halt.heed(waiting.size > 0);
      const admitted = waitIn(waiting, slots, signal, heed);
      admit();
      heed();
      await admitted;
      try {
        throwIfAborted(signal);
        const result = await task();
        lessons.good();
        return result;
      } catch (error) {
        lessons.bad(error);
        throw error;
      } finally {
        inFlight -= slots;
        admit();
      }
    },
  };
}

interface Place {
  readonly slots: number;
  readonly start: () => void;
}

/** A place in the queue. @throws LoomError `cancelled` when its holder leaves before his turn. */
function waitIn(queue: Set<Place>, slots: number, signal: AbortSignal | undefined, onLeave: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      queue.delete(place);
      onLeave();
      reject(new LoomError('cancelled', 'The work was stopped.'));
    };
    const start = () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    };
    const place: Place = { slots, start };
    signal?.addEventListener('abort', leave, { once: true });
    queue.add(place);
  });
}

interface Halt {
  readonly until: number | null;
  /** Makes all wait for `ms` from now; a longer pause under way stays as it is. */
  begin(reason: Pause['reason'], ms: number, host?: string): void;
  /** Whether anybody waits for the end: nobody else keeps the program running for it. */
  heed(waiting: boolean): void;
}

function createHalt(clock: Clock, onEnd: () => void, tell: (pause: Pause | null) => void): Halt {
  let until: number | null = null;
  let heeded = false;
  let stopTimer = () => {};
  const end = () => {
    until = null;
    onEnd();
    if (until === null) tell(null);
  };
  const arm = (wait: number) => {
    stopTimer();
    stopTimer = clock.after(wait, end, !heeded);
  };
  return {
    get until() {
      return until;
    },
    begin: (reason, ms, host) => {
      const wait = Math.min(ms, MAX_PAUSE_MS);
      const next = clock.now() + wait;
      if (until !== null && next <= until) return;
      until = next;
      arm(wait);
      tell({ reason, until, ...(host === undefined ? {} : { host }) });
    },
    heed: (waiting) => {
      if (waiting === heeded) return;
      heeded = waiting;
      if (until !== null) arm(Math.max(0, until - clock.now()));
    },
  };
}

/** Decides on pauses from how requests end. Requests that fail together count once: while a pause lasts, none is added. */
function createLessons(halt: Halt, random: () => number) {
  let refused = 0;
  let lost = 0;
  return {
    good: () => {
      refused = 0;
      lost = 0;
    },
    bad: (error: unknown) => {
      if (!isLoomError(error) || error.tag === 'cancelled') return;
      // A connection over which bytes came was there.
      lost = error.tag === 'network' && !error.fields.received ? lost + 1 : 0;
      if (error.tag === 'rate-limited') {
        const { retryAfter, host } = error.fields;
        const asks = typeof host === 'string' ? host : undefined;
        if (typeof retryAfter === 'number') halt.begin(error.tag, (retryAfter + random()) * 1000, asks);
        else if (halt.until === null)
          halt.begin(error.tag, jittered(RATE_LIMIT_PAUSE_MS * 2 ** refused++, random), asks);
      } else if (lost >= NETWORK_BURST && halt.until === null) {
        halt.begin('network', jittered(backOff(lost - NETWORK_BURST), random));
      }
    },
  };
}
