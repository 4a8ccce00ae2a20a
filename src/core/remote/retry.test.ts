import { describe, expect, it } from 'vitest';
import { type ErrorTag, LoomError } from '../errors.ts';
import { handClock, hastyClock } from '../source/clock.fixture.ts';
import type { Clock } from '../source/clock.ts';
import { memorySource } from '../source/memory.ts';
import type { ByteRange, ByteSource } from '../source/types.ts';
import { MAX_PAUSE_MS } from './back-off.ts';
import { createGate, type Pause } from './gate.ts';
import { retrying, withRetry } from './retry.ts';

function fail(tag: ErrorTag, fields: Record<string, number> = {}): LoomError {
  return new LoomError(tag, 'It failed.', fields);
}

/** Lets everything that waits for no clock come to rest. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

function setUp(limit = 6) {
  const clock = handClock();
  const pauses: Pause[] = [];
  const gate = createGate({ clock, limit, random: () => 0, onPause: (pause) => pauses.push(pause) });
  return { clock, gate, pauses };
}

/** Tasks that end when told to. */
function manual() {
  const started: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const task = () => new Promise<void>((resolve, reject) => started.push({ resolve, reject }));
  return { started, task };
}

describe('the gate', () => {
  it('lets six in, and the next as one leaves', async () => {
    const { gate } = setUp();
    const { started, task } = manual();
    const runs = Array.from({ length: 8 }, () => gate.run(task));
    await settle();
    expect([started.length, gate.inFlight]).toEqual([6, 6]);
    started[2]?.resolve();
    await settle();
    expect(started.length).toBe(7);
    for (const one of started) one.resolve();
    await settle();
    started[7]?.resolve();
    await Promise.all(runs);
    expect(gate.inFlight).toBe(0);
  });

  it('gives a large request the room of five small ones, and lets it in when it is alone', async () => {
    const { gate } = setUp(7);
    const { started, task } = manual();
    const runs = [5, 1, 5, 1].map((slots) => gate.run(task, undefined, slots));
    await settle();
    expect([started.length, gate.inFlight]).toEqual([2, 6]);
    started[0]?.resolve();
    await settle();
    expect([started.length, gate.inFlight]).toEqual([4, 7]);
    for (const one of started) one.resolve();
    await Promise.all(runs);
    const narrow = setUp(2).gate;
    await narrow.run(async () => {}, undefined, 5);
    expect(narrow.inFlight).toBe(0);
  });

  it('tells who watches of pauses and of their end', async () => {
    const { clock, gate } = setUp();
    const heard: (number | null)[] = [];
    const stop = gate.watch((pause) => heard.push(pause?.until ?? null));
    await expect(gate.run(() => Promise.reject(fail('rate-limited', { retryAfter: 7 })))).rejects.toThrow();
    clock.advance(7_000);
    expect(heard).toEqual([1_007_000, null]);
    stop();
    await expect(gate.run(() => Promise.reject(fail('rate-limited', { retryAfter: 7 })))).rejects.toThrow();
    expect(heard.length).toBe(2);
  });

  it('keeps a program running for a pause only while somebody waits for its end', async () => {
    const kept: boolean[] = [];
    const hand = handClock();
    const after: Clock['after'] = (ms, run, idle = false) => {
      kept.push(!idle);
      return hand.after(ms, run);
    };
    const gate = createGate({ clock: { ...hand, after }, random: () => 0 });
    await expect(gate.run(() => Promise.reject(fail('rate-limited', { retryAfter: 90 })))).rejects.toThrow();
    expect(kept).toEqual([false]);
    const stop = new AbortController();
    const waiting = [gate.run(async () => 1, stop.signal), gate.run(async () => 2, stop.signal)];
    expect(kept.at(-1)).toBe(true);
    const ended = Promise.allSettled(waiting);
    stop.abort();
    expect(await ended).toMatchObject([{ reason: { tag: 'cancelled' } }, { reason: { tag: 'cancelled' } }]);
    expect(kept.at(-1)).toBe(false);
    expect(hand.alarms.length).toBe(1);
  });

  it('makes all wait for as long as a 429 says, with jitter', async () => {
    const { clock, gate, pauses } = setUp(2);
    const { started, task } = manual();
    const runs = Array.from({ length: 5 }, () => gate.run(task).catch(() => 'refused'));
    await settle();
    started[0]?.reject(fail('rate-limited', { retryAfter: 60 }));
    started[1]?.reject(fail('rate-limited', { retryAfter: 20 }));
    await settle();
    expect(pauses).toEqual([{ reason: 'rate-limited', until: clock.now() + 60_000 }]);
    expect(gate.pausedUntil).toBe(clock.now() + 60_000);
    clock.advance(59_999);
    await settle();
    expect(started.length).toBe(2);
    clock.advance(1);
    await settle();
    expect([started.length, gate.pausedUntil]).toEqual([4, null]);
    for (const one of started) one.resolve();
    await settle();
    started[4]?.resolve();
    expect((await Promise.all(runs)).filter((result) => result === 'refused').length).toBe(2);
  });

  it('doubles pauses that nobody told the length of, and starts anew after a success', async () => {
    const { clock, gate, pauses } = setUp();
    const refuse = () => gate.run(() => Promise.reject(fail('rate-limited'))).catch(() => null);
    const lengths: number[] = [];
    for (let i = 0; i < 9; i++) {
      await refuse();
      lengths.push((pauses.at(-1)?.until ?? 0) - clock.now());
      clock.advance(MAX_PAUSE_MS);
    }
    expect(lengths.map((ms) => ms / 1000)).toEqual([2.5, 5, 10, 20, 40, 80, 150, 150, 150]);
    await gate.run(async () => null);
    await refuse();
    expect((pauses.at(-1)?.until ?? 0) - clock.now()).toBe(2500);
  });

  it('counts refusals of one moment once', async () => {
    const { gate, pauses } = setUp();
    await Promise.all(
      Array.from({ length: 6 }, () => gate.run(() => Promise.reject(fail('rate-limited'))).catch(() => null)),
    );
    expect(pauses.length).toBe(1);
  });

  it('never waits longer than the window of the Hub', async () => {
    const { clock, gate } = setUp();
    await gate.run(() => Promise.reject(fail('rate-limited', { retryAfter: 86_400 }))).catch(() => null);
    expect(gate.pausedUntil).toBe(clock.now() + MAX_PAUSE_MS);
  });

  it('pauses for a burst of lost connections, not for one', async () => {
    const { gate, pauses } = setUp();
    const lose = () => gate.run(() => Promise.reject(fail('network'))).catch(() => null);
    await lose();
    await lose();
    await gate.run(async () => null);
    await lose();
    await lose();
    expect(pauses).toEqual([]);
    await lose();
    expect(pauses.map(({ reason }) => reason)).toEqual(['network']);
  });

  it('does not pause for connections that broke off after bytes came', async () => {
    const { gate, pauses } = setUp();
    for (let i = 0; i < 9; i++)
      await gate.run(() => Promise.reject(fail('network', { received: 5 }))).catch(() => null);
    expect(pauses).toEqual([]);
  });

  it('releases who is cancelled while he waits', async () => {
    const { clock, gate } = setUp(1);
    const { started, task } = manual();
    const abort = new AbortController();
    const first = gate.run(task);
    const second = gate.run(task, abort.signal);
    abort.abort();
    await expect(second).rejects.toMatchObject({ tag: 'cancelled' });
    started[0]?.resolve();
    await first;
    await settle();
    expect([started.length, gate.inFlight]).toEqual([1, 0]);
    await expect(gate.run(task, abort.signal)).rejects.toMatchObject({ tag: 'cancelled' });
    expect(clock.alarms).toEqual([]);
  });
});

describe('retrying', () => {
  it('tries retryable errors again after 1, 2, 4 s, and no others', async () => {
    const { clock, gate } = setUp();
    let calls = 0;
    const result = retrying(() => Promise.reject(fail('server-error', { call: ++calls })), { gate }).catch((e) => e);
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      await settle();
      waits.push(clock.alarms[0]);
      clock.advance(8000);
    }
    expect(await result).toMatchObject({ tag: 'server-error', fields: { call: 4 } });
    expect(waits).toEqual([500, 1000, 2000]);
    calls = 0;
    await expect(retrying(() => Promise.reject(fail('repo-gated', { call: ++calls })), { gate })).rejects.toThrow();
    await expect(retrying(() => Promise.reject(new Error('a bug')), { gate })).rejects.toThrow('a bug');
    expect(calls).toBe(1);
  });

  it('stops waiting when it is cancelled', async () => {
    const { clock, gate } = setUp();
    const abort = new AbortController();
    let calls = 0;
    const result = retrying(() => Promise.reject(fail('network', { call: ++calls })), { gate }, abort.signal);
    result.catch(() => null);
    await settle();
    abort.abort();
    await expect(result).rejects.toMatchObject({ tag: 'cancelled' });
    expect([calls, clock.alarms.length]).toEqual([1, 0]);
  });

  it('sits out eight pauses, beside its retries', async () => {
    const gate = createGate({ clock: hastyClock(), random: () => 0 });
    let calls = 0;
    await expect(retrying(() => Promise.reject(fail('rate-limited', { call: ++calls })), { gate })).rejects.toThrow();
    expect(calls).toBe(9);
  });
});

/** A source that gives `steps[i]` bytes at the i-th read and then breaks off. */
function breaking(bytes: Uint8Array, steps: readonly number[], tag: ErrorTag = 'network') {
  const ranges: ByteRange[] = [];
  const inner = memorySource(bytes, 'key');
  const source: ByteSource = {
    ...inner,
    read: async (range, options) => {
      const received = steps[ranges.length];
      ranges.push(range);
      if (received === undefined) return inner.read(range, options);
      options?.into?.set(bytes.subarray(range.start, range.start + received));
      throw fail(tag, { received });
    },
  };
  return { source, ranges };
}

describe('withRetry', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const gate = () => createGate({ clock: hastyClock(), random: () => 0 });

  it('goes on at the first missing byte, in the buffer that was given', async () => {
    const { source, ranges } = breaking(bytes, [10, 0, 25]);
    const into = new Uint8Array(90).fill(255);
    const read = await withRetry(source, { gate: gate() }).read({ start: 10, end: 90 }, { into });
    expect(read).toEqual(bytes.subarray(10, 90));
    expect(read.buffer).toBe(into.buffer);
    expect(into.subarray(80)).toEqual(new Uint8Array(10).fill(255));
    expect(ranges.map(({ start }) => start)).toEqual([10, 20, 20, 45]);
  });

  it('gives up after its retries, unless a read had come far', async () => {
    const few = breaking(bytes, [1, 1, 1, 1, 1]);
    await expect(withRetry(few.source, { gate: gate() }).read({ start: 0, end: 100 })).rejects.toThrow();
    expect(few.ranges.length).toBe(4);
    const mib = 2 ** 20;
    const long = breaking(new Uint8Array(8 * mib), [mib, mib, mib, mib, mib, mib]);
    await withRetry(long.source, { gate: gate() }).read({ start: 0, end: 8 * mib });
    expect(long.ranges.length).toBe(7);
  });

  it('asks for the rest at once, as often as answers end early after a part of it', async () => {
    const { source, ranges } = breaking(bytes, [10, 7, 20, 12, 9, 8, 11], 'read-short');
    const waits: number[] = [];
    const options = { gate: gate(), onRetry: (_error: LoomError, wait: number) => waits.push(wait) };
    expect(await withRetry(source, options).read({ start: 0, end: 100 })).toEqual(bytes);
    expect(ranges.map(({ start }) => start)).toEqual([0, 10, 17, 37, 49, 58, 66, 77]);
    expect(waits).toEqual(new Array(7).fill(0));
  });

  it('asks at most 1024 times for a long read whose answers end early, beside its retries', async () => {
    const long = new Uint8Array(4 * 2 ** 20);
    const enough = breaking(long, new Array(1023).fill(4096));
    await withRetry(enough.source, { gate: gate() }).read({ start: 0, end: long.length });
    expect(enough.ranges.length).toBe(1024);
    const few = breaking(long, new Array(5000).fill(4095));
    await expect(withRetry(few.source, { gate: gate() }).read({ start: 0, end: long.length })).rejects.toThrow();
    expect(few.ranges.length).toBe(4);
  });

  it('takes the answer of a source that has a buffer of its own', async () => {
    const own: ByteSource = {
      key: 'k',
      byteLength: 100,
      read: async ({ start, end }) => new Uint8Array(bytes.slice(start, end)),
    };
    expect(await withRetry(own, { gate: gate() }).read({ start: 3, end: 9 })).toEqual(bytes.subarray(3, 9));
  });

  it('asks for a fresh signed address once', async () => {
    const { source, ranges } = breaking(bytes, [0, 0, 0], 'link-expired');
    await expect(withRetry(source, { gate: gate() }).read({ start: 0, end: 9 })).rejects.toThrow();
    expect(ranges.length).toBe(2);
  });
});
