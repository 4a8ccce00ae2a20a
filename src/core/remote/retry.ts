import { isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import type { Clock } from '../source/clock.ts';
import type { ByteRange, ByteSource, ReadOptions } from '../source/types.ts';
import { KIB, MIB } from '../units.ts';
import { backOff, jittered } from './back-off.ts';
import type { Gate } from './gate.ts';

/** A request for so many bytes is limited by the line: six at once, as many as browsers open HTTP/1.1 connections. */
const HEAVY_BYTES = MIB;
const HEAVY_SLOTS = 6;
const DEFAULT_RETRIES = 3;
/** Pauses that one request sits out: enough to see the Hub's window pass. */
const RATE_LIMIT_RETRIES = 8;
/** Most parts that a read is continued for; a short one is not worth so many requests. */
const MOST_PARTS = 1024;
const FEW_PARTS = 16;

export interface RetryOptions {
  readonly gate: Gate;
  /** Further attempts after the first; 3 unless given. Pauses for a 429 are counted apart. */
  readonly retries?: number | undefined;
  /** Called for each retry: why, and after how many milliseconds. A pause of the gate is told by the gate. */
  readonly onRetry?: ((error: LoomError, waitMs: number) => void) | undefined;
  /** Waited for before each further attempt; what it throws ends the work. */
  readonly turn?: ((error: LoomError, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Room that each attempt takes in the gate. */
  readonly slots?: number | undefined;
  /** An attempt that broke off after so many bytes is continued at once, with all its retries; none is unless given. */
  readonly step?: number | undefined;
}

/**
 * Runs `task` through the gate, again after errors whose tag is retryable. A server or proxy that ends every answer after
 * some bytes costs requests, not retries and waits.
 *
 * @throws what the last attempt threw; LoomError `cancelled` as soon as the signal is aborted.
 */
export async function retrying<T>(task: () => Promise<T>, options: RetryOptions, signal?: AbortSignal): Promise<T> {
  const { gate, retries = DEFAULT_RETRIES, onRetry, turn, slots, step = Number.POSITIVE_INFINITY } = options;
  let failures = 0;
  let refusals = 0;
  for (;;) {
    try {
      return await gate.run(task, signal, slots);
    } catch (error) {
      throwIfAborted(signal);
      if (!isLoomError(error) || !error.retryable) throw error;
      const cameFar = receivedOf(error) >= step;
      if (cameFar) failures = 0;
      if (error.tag === 'rate-limited' ? refusals++ >= RATE_LIMIT_RETRIES : failures >= allowed(error, retries)) {
        throw error;
      }
      // After a 429 the gate itself is the delay; a spent address is signed again at once.
      const atOnce = cameFar || error.tag === 'link-expired' || error.tag === 'rate-limited';
      const wait = atOnce ? 0 : jittered(backOff(failures), gate.random);
      if (error.tag !== 'rate-limited' && !cameFar) failures++;
      onRetry?.(error, wait);
      if (cameFar) continue;
      if (!atOnce) await delay(gate.clock, wait, signal);
      await turn?.(error, signal);
    }
  }
}

/** A fresh signed address that is refused too will be refused a third time. */
function allowed(error: LoomError, retries: number): number {
  return error.tag === 'link-expired' ? Math.min(1, retries) : retries;
}

/** Bytes that had arrived, in their place in the target, when a read failed. */
function receivedOf(error: LoomError): number {
  return typeof error.fields.received === 'number' ? error.fields.received : 0;
}

/** Bytes that an answer has to bring of a read of `length`, so that the number of its requests is bounded. */
function stepOf(length: number): number {
  return Math.max(Math.ceil(length / MOST_PARTS), Math.min(KIB, Math.ceil(length / FEW_PARTS)));
}

/** Resolves after `ms`. @throws LoomError `cancelled`. */
function delay(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      stop();
      reject(new LoomError('cancelled', 'The work was stopped.'));
    };
    const stop = clock.after(ms, () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    });
    signal?.addEventListener('abort', leave, { once: true });
  });
}

/**
 * The source with reads that survive passing failures; a read that broke off resumes at the first missing byte. Where each
 * answer ends early, a read takes at most 1024 requests beside its retries, and fails when answers bring next to nothing.
 *
 * Errors that it can resume after carry the field `received`: bytes already in place.
 */
export function withRetry(source: ByteSource, options: RetryOptions): ByteSource {
  return {
    ...source,
    read: (range, read) => readOn(source, range, options, read),
    dispose: async () => source.dispose?.(),
  };
}

async function readOn(source: ByteSource, range: ByteRange, options: RetryOptions, read: ReadOptions = {}) {
  const { signal, into } = read;
  const length = range.end - range.start;
  const target = into?.subarray(0, length) ?? new Uint8Array(Math.max(0, length));
  let done = 0;
  const attempt = async () => {
    const rest = target.subarray(done);
    try {
      const bytes = await source.read({ start: range.start + done, end: range.end }, { signal, into: rest });
      if (bytes.buffer !== rest.buffer || bytes.byteOffset !== rest.byteOffset) rest.set(bytes);
    } catch (error) {
      if (isLoomError(error)) done += receivedOf(error);
      throw error;
    }
  };
  const slots = length < HEAVY_BYTES ? 1 : HEAVY_SLOTS;
  await retrying(attempt, { slots, step: stepOf(length), ...options }, signal);
  return target;
}
