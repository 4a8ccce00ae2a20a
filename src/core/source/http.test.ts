import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FaultAction, FaultRule } from '../../../e2e/support/hub/faults.ts';
import { jsonFile, repoFile } from '../../../e2e/support/hub/repo.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { handClock } from './clock.fixture.ts';
import { fetchJson, fetchText, type HttpExchange, type HttpSourceOptions, httpSource } from './http.ts';

const BYTES = Uint8Array.from({ length: 2_000_000 }, (_, i) => (i * 7) % 251);
let hub: HubServer;

beforeAll(async () => {
  const files = [repoFile('data.bin', BYTES, 'lfs'), jsonFile('a.json', { a: 1 })];
  hub = await startHub({ repos: [{ id: 'a/b', files }] });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.faults.clear();
  hub.clearJournal();
});

function source(options: Partial<HttpSourceOptions> = {}) {
  const url = `${hub.url}/a/b/resolve/main/data.bin`;
  return httpSource({ url, key: 'key', byteLength: BYTES.length, name: 'data.bin', ...options });
}

function strike(action: FaultAction, rule: Partial<FaultRule> = {}): void {
  hub.faults.add({ origin: 'cdn', ...rule, action });
}

function cdnBytes(): number {
  return hub.journal.filter(({ origin }) => origin === 'cdn').reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

/** Answers without a network. */
function canned(status: number, headers: Record<string, string> = {}, body: BodyInit | null = null): typeof fetch {
  return async () => new Response(body, { status, headers });
}

describe('httpSource', () => {
  it('reads exactly the range, into the buffer that was given', async () => {
    const into = new Uint8Array(1_500_000).fill(9);
    const bytes = await source().read({ start: 100, end: 1_400_000 }, { into });
    expect(Buffer.compare(bytes, BYTES.subarray(100, 1_400_000))).toBe(0);
    expect(bytes.buffer).toBe(into.buffer);
    expect(into.subarray(1_399_900).every((byte) => byte === 9)).toBe(true);
    expect(hub.journal.map(({ range }) => range)).toEqual(['bytes=100-1399999', 'bytes=100-1399999']);
    expect((await source().read({ start: BYTES.length - 1, end: BYTES.length })).length).toBe(1);
  });

  it('asks nothing for no bytes, and nothing outside the file', async () => {
    expect((await source().read({ start: 5, end: 5 })).length).toBe(0);
    await expect(source().read({ start: 0, end: BYTES.length + 1 })).rejects.toMatchObject({ tag: 'internal' });
    await expect(source().read({ start: 5, end: 4 })).rejects.toMatchObject({ tag: 'internal' });
    expect(hub.journal.length).toBe(0);
  });

  it('tells each request as it leaves and ends, by the address that was asked', async () => {
    const told: HttpExchange[] = [];
    const url = `${hub.url}/a/b/resolve/main/data.bin`;
    const file = source({ url, onExchange: (exchange) => told.push(exchange) });
    const range = { start: 0, end: 10 };
    await file.read(range);
    expect(told).toEqual([
      { phase: 'sent', name: 'data.bin', url, range, status: null, bytes: 0 },
      { phase: 'ended', name: 'data.bin', url, range, status: 206, bytes: 10 },
    ]);
  });

  it('asks without cache, cookies and referrer', async () => {
    let init: RequestInit | undefined;
    const spy: typeof fetch = async (_url, given) => {
      init = given as RequestInit;
      return new Response('abc', { status: 206, headers: { 'Content-Range': 'bytes 0-2/9' } });
    };
    await source({ fetch: spy, byteLength: 9, headers: () => ({ 'X-A': '1' }) }).read({ start: 0, end: 3 });
    expect(init).toMatchObject({ cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' });
    expect([...new Headers(init?.headers)]).toEqual([
      ['range', 'bytes=0-2'],
      ['x-a', '1'],
    ]);
  });

  it('refuses a whole file instead of a range, and reads none of it', async () => {
    strike({ type: 'ignoreRange', bps: 1_000_000 });
    const told: HttpExchange[] = [];
    const file = source({ onExchange: (exchange) => told.push(exchange) });
    const error = await file.read({ start: 0, end: 8 }).catch((e) => e);
    expect(error).toMatchObject({ tag: 'range-ignored', retryable: false });
    expect(error.message).toContain('Try another network, or download the files first.');
    expect(told.at(-1)).toMatchObject({ status: 200, bytes: 0 });
    expect(cdnBytes()).toBeLessThan(BYTES.length);
  });

  it('cancels the body that it refuses', async () => {
    let pulled = 0;
    let signal: AbortSignal | null | undefined;
    const endless = new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(new Uint8Array(++pulled)) });
    const call: typeof fetch = async (_url, init) => {
      signal = (init as RequestInit).signal;
      return new Response(endless, { status: 200 });
    };
    await expect(source({ fetch: call }).read({ start: 0, end: 8 })).rejects.toMatchObject({ tag: 'range-ignored' });
    expect(signal?.aborted).toBe(true);
    expect(pulled).toBeLessThanOrEqual(1);
  });

  it('refuses a Content-Range that is not the one asked for', async () => {
    for (const mode of ['shift', 'total', 'missing', '*'] as const) {
      hub.faults.clear();
      strike({ type: 'wrongContentRange', mode });
      const error = await source()
        .read({ start: 0, end: 1000 })
        .catch((e) => e);
      expect(error).toMatchObject({ tag: 'content-range-wrong', retryable: false });
      expect(error.message).toContain('where "bytes 0-999/2000000" was asked');
      if (mode === 'total')
        expect(error.message).toContain('the file now has 2004096 bytes where the listing says 2000000');
    }
    hub.faults.clear();
    strike({ type: 'gzipOnRange' });
    await expect(source().read({ start: 0, end: 1000 })).rejects.toMatchObject({ tag: 'content-range-wrong' });
  });

  it('refuses more bytes than asked and never writes past the range', async () => {
    strike({ type: 'overlong', bytes: 5 });
    const into = new Uint8Array(20).fill(9);
    const read = source().read({ start: 0, end: 10 }, { into });
    await expect(read).rejects.toMatchObject({ tag: 'read-overlong', retryable: false });
    expect(into.subarray(10)).toEqual(new Uint8Array(10).fill(9));
  });

  it('tells what had arrived when a body breaks off', async () => {
    strike({ type: 'truncateChunked', bytes: 300 });
    const into = new Uint8Array(1000);
    const short = await source()
      .read({ start: 0, end: 1000 }, { into })
      .catch((e) => e);
    expect(short).toMatchObject({ tag: 'read-short', retryable: true, fields: { received: 300, byte: 300 } });
    expect(into.subarray(0, 300)).toEqual(BYTES.subarray(0, 300));
    for (const action of [
      { type: 'truncateCL', bytes: 300 },
      { type: 'reset', afterBytes: 300 },
    ] as const) {
      hub.faults.clear();
      strike(action);
      const error = await source()
        .read({ start: 0, end: 1000 })
        .catch((e) => e);
      expect(error).toMatchObject({ tag: 'network', retryable: true });
      expect(error.fields.received).toBeLessThanOrEqual(300);
    }
  });

  it('takes an AbortError that nobody asked for as a lost connection', async () => {
    const reset: typeof fetch = () => Promise.reject(new DOMException('The operation was aborted.', 'AbortError'));
    const error = await source({ fetch: reset })
      .read({ start: 0, end: 9 })
      .catch((e) => e);
    expect(error).toMatchObject({ tag: 'network' });
    expect(error.message).toContain(`${new URL(hub.url).host} is blocked or offline.`);
  });

  it('stops at once when it is cancelled: before, while it asks, and in the middle of a body', async () => {
    strike({ type: 'stall', afterBytes: 100, ms: 60_000 });
    // The timer is set again for the answer, the first chunk, and the chunk that never comes.
    for (const step of [1, 2, 3]) {
      const abort = new AbortController();
      let timers = 0;
      const after = () => {
        if (++timers === step) queueMicrotask(() => abort.abort());
        return () => {};
      };
      const file = source({ clock: { now: () => 0, after } });
      const read = () => file.read({ start: 0, end: 1000 }, { signal: abort.signal });
      await expect(read()).rejects.toMatchObject({ tag: 'cancelled' });
      expect(timers).toBe(step);
      hub.clearJournal();
      await expect(read()).rejects.toMatchObject({ tag: 'cancelled' });
      expect(timers).toBe(step);
    }
  });

  it('gives up a connection over which nothing comes, and lets a slow one be', async () => {
    const clock = handClock();
    const { readable: body, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const call: typeof fetch = async (_url, init) => {
      const { signal } = init as RequestInit;
      const stop = new Promise<never>((_, reject) =>
        signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
      );
      stop.catch(() => {});
      const reader = body.getReader();
      const pull = async (to: ReadableStreamDefaultController) => {
        const { value } = await Promise.race([reader.read(), stop]);
        to.enqueue(value);
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), {
        status: 206,
        headers: { 'Content-Range': 'bytes 0-8/9' },
      });
    };
    const settle = async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
    };
    const reading = source({ byteLength: 9, fetch: call, clock, stallMs: 1000 }).read({ start: 0, end: 9 });
    reading.catch(() => {});
    for (let i = 0; i < 3; i++) {
      await settle();
      clock.advance(999);
      writer.write(new Uint8Array(1)).catch(() => {});
    }
    await settle();
    expect(clock.alarms).toEqual([1000]);
    clock.advance(1000);
    const error = await reading.catch((e) => e);
    expect(error).toMatchObject({ tag: 'stalled', retryable: true, fields: { received: 3 } });
    expect(clock.alarms).toEqual([]);
  });

  it('puts refusals of any server into words', async () => {
    const cases: [number, Record<string, string>, object][] = [
      [429, { 'Retry-After': '9' }, { tag: 'rate-limited', fields: { retryAfter: 9 } }],
      [429, { RateLimit: '"resolvers";r=0;t=41' }, { tag: 'rate-limited', fields: { retryAfter: 42 } }],
      [429, { RateLimit: '"resolvers";r=7;t=41' }, { tag: 'rate-limited', fields: { retryAfter: null } }],
      [429, { 'Retry-After': 'Thu, 01 Jan 1970 00:16:50 GMT' }, { tag: 'rate-limited', fields: { retryAfter: 10 } }],
      [503, {}, { tag: 'server-error', retryable: true }],
      [408, {}, { tag: 'server-error' }],
      [404, {}, { tag: 'path-not-found' }],
      [416, {}, { tag: 'source-changed' }],
      [403, {}, { tag: 'http-status', retryable: false }],
    ];
    for (const [status, headers, expected] of cases) {
      const file = source({ fetch: canned(status, headers), clock: handClock() });
      const error = await file.read({ start: 0, end: 9 }).catch((e) => e);
      expect(error).toMatchObject(expected);
      expect(error.message).toMatch(/\.$/);
    }
  });

  it('does not follow from https to http', async () => {
    const answer = new Response('abc', { status: 206, headers: { 'Content-Range': 'bytes 0-2/3' } });
    Object.defineProperty(answer, 'url', { value: 'http://plain.example/x' });
    const file = source({ url: 'https://safe.example/x', byteLength: 3, fetch: async () => answer });
    await expect(file.read({ start: 0, end: 3 })).rejects.toMatchObject({ tag: 'redirect-unsafe' });
  });
});

describe('fetchText and fetchJson', () => {
  const options = () => ({ url: `${hub.url}/a/b/resolve/main/a.json`, name: 'a.json', limit: 1000 });

  it('read a small text from one origin', async () => {
    expect(await fetchJson(options())).toEqual({ a: 1 });
    expect(await fetchText({ ...options(), limit: 13 })).toBe('{\n  "a": 1\n}\n');
  });

  it('refuse what is too long, not text, not JSON, or from elsewhere', async () => {
    const invalid = { tag: 'answer-invalid' };
    await expect(fetchText({ ...options(), limit: 12 })).rejects.toMatchObject(invalid);
    await expect(fetchText({ ...options(), fetch: canned(200, {}, new Uint8Array([0xff])) })).rejects.toMatchObject(
      invalid,
    );
    await expect(fetchJson({ ...options(), fetch: canned(200, {}, '<html>') })).rejects.toMatchObject(invalid);
    const elsewhere = `${hub.url}/a/b/resolve/main/data.bin`;
    await expect(fetchText({ ...options(), url: elsewhere })).rejects.toMatchObject({ tag: 'redirect-unsafe' });
  });
});
