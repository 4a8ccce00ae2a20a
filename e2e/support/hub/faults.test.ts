import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultAction, FaultRule } from './faults.ts';
import { QWEN3_TINY, qwen3Moe } from './qwen3-moe.ts';
import { type HubServer, startHub } from './server.ts';

const ID = 'test/tiny';
let hub: HubServer;

beforeAll(async () => {
  const options = { dims: QWEN3_TINY, layout: 'stacked', seed: 'tiny', maxShardBytes: 1e12 } as const;
  hub = await startHub({ repos: [qwen3Moe(ID, options)], seed: 7 });
});
afterAll(() => hub.close());
afterEach(() => {
  hub.faults.clear();
  hub.clearJournal();
});

function read(range = 'bytes=0-999', init: RequestInit = {}): Promise<Response> {
  const headers = { Range: range, Origin: 'http://127.0.0.1:9', 'Accept-Encoding': 'identity' };
  return fetch(`${hub.url}/${ID}/resolve/main/model.safetensors`, { ...init, headers });
}

function info(): Promise<Response> {
  return fetch(`${hub.url}/api/models/${ID}`);
}

function strike(action: FaultAction, rule: Partial<FaultRule> = { origin: 'cdn' }): void {
  hub.faults.add({ ...rule, action });
}

async function bytesOf(res: Response): Promise<Uint8Array> {
  return new Uint8Array(await res.arrayBuffer());
}

describe('which requests a rule strikes', () => {
  async function statuses(count: number): Promise<number[]> {
    const codes: number[] = [];
    for (let i = 0; i < count; i += 1) codes.push((await info()).status);
    return codes;
  }

  it('the n-th, each n-th, so many, after so many', async () => {
    const cases: [Partial<FaultRule>, number[]][] = [
      [{ nth: 2 }, [200, 503, 200, 200]],
      [{ every: 2 }, [200, 503, 200, 503]],
      [{ times: 1 }, [503, 200, 200, 200]],
      [{ after: 2 }, [200, 200, 503, 503]],
      [{ pathRe: '/tree/' }, [200, 200, 200, 200]],
      [{ rangeRe: '^$' }, [503, 503, 503, 503]],
    ];
    for (const [rule, expected] of cases) {
      hub.faults.clear();
      strike({ type: '5xx' }, rule);
      expect(await statuses(4)).toEqual(expected);
    }
  });

  it('by chance, but the same each time', async () => {
    const run = async (): Promise<number[]> => {
      hub.faults.clear();
      strike({ type: '5xx' }, { probability: 0.5 });
      return statuses(16);
    };
    const first = await run();
    expect(new Set(first).size).toBe(2);
    expect(await run()).toEqual(first);
  });

  it('and the journal tells', async () => {
    strike({ type: 'rate429', retryAfter: 3 }, { origin: 'hub' });
    const res = await info();
    expect([res.status, res.headers.get('retry-after')]).toEqual([429, '3']);
    expect(hub.journal[0]).toMatchObject({ status: 429, faults: ['rate429'] });
  });
});

describe('answers of the server', () => {
  it('refuse in the words of the Hub', async () => {
    const cases: [FaultAction['type'], number, string | null][] = [
      ['gated401', 401, 'GatedRepo'],
      ['gated403', 403, 'GatedRepo'],
      ['401bare', 401, null],
      ['404repo', 404, 'RepoNotFound'],
      ['404rev', 404, 'RevisionNotFound'],
      ['404entry', 404, 'EntryNotFound'],
      ['disabled403', 403, null],
    ];
    for (const [type, status, code] of cases) {
      hub.faults.clear();
      strike({ type } as FaultAction, { origin: 'hub' });
      const res = await read();
      expect([res.status, res.headers.get('x-error-code')]).toEqual([status, code]);
    }
  });

  it('lose their CORS headers', async () => {
    strike({ type: 'noCORS' }, { origin: 'hub' });
    expect((await info()).headers.get('access-control-allow-origin')).toBe(null);
    hub.faults.clear();
    strike({ type: 'sigExpired', cors: false });
    const res = await read();
    expect([res.status, await res.text()]).toEqual([403, 'Auth failed: expired']);
    expect(res.headers.get('access-control-allow-origin')).toBe(null);
  });

  it('fail a preflight and nothing else', async () => {
    strike({ type: 'preflightFail', status: 405 }, { origin: 'hub' });
    expect((await fetch(`${hub.url}/api/models/${ID}`, { method: 'OPTIONS' })).status).toBe(405);
    expect((await info()).status).toBe(200);
  });

  it('redirect for ever, or abroad without the token', async () => {
    strike({ type: 'redirectLoop' }, { origin: 'hub' });
    await expect(read()).rejects.toThrow();
    hub.faults.clear();
    strike({ type: 'redirectToEvil' }, { origin: 'hub' });
    await fetch(`${hub.url}/api/models/${ID}`, { headers: { Authorization: 'Bearer hf_member' } });
    const evil = hub.journal.filter(({ path }) => path.startsWith('/evil/'));
    expect(evil).toEqual([expect.objectContaining({ hasAuthorization: false })]);
  });

  it('lead to the other host of the CDN', async () => {
    strike({ type: 'cdnHostSwap' }, { origin: 'hub' });
    const res = await read();
    expect([res.status, new URL(res.url).origin]).toEqual([206, hub.otherCdnUrl]);
  });

  it('move main under the reader, while a commit stays what it was', async () => {
    const sha = hub.headOf(ID);
    strike({ type: 'sizeFlip' }, { origin: 'hub', nth: 2 });
    const size = async (revision: string): Promise<string | null> => {
      const res = await fetch(`${hub.url}/${ID}/resolve/${revision}/model.safetensors`, { redirect: 'manual' });
      return res.headers.get('x-linked-size');
    };
    const before = await size('main');
    const after = await size('main');
    expect(Number(after) - Number(before)).toBe(8);
    expect(await size(sha)).toBe(before);
    expect(hub.headOf(ID)).not.toBe(sha);
  });
});

describe('bodies', () => {
  it('ignore the range', async () => {
    strike({ type: 'ignoreRange', bps: 1e9 });
    const res = await read();
    expect([res.status, res.headers.get('content-range')]).toEqual([200, null]);
    expect((await bytesOf(res)).length).toBeGreaterThan(100_000);
  });

  it('lie in Content-Range', async () => {
    const total = (await read()).headers.get('content-range')?.split('/')[1];
    const cases = {
      shift: `bytes 1-1000/${total}`,
      total: `bytes 0-999/${Number(total) + 4096}`,
      '*': 'bytes 0-999/*',
      missing: null,
    };
    for (const [mode, expected] of Object.entries(cases)) {
      hub.faults.clear();
      strike({ type: 'wrongContentRange', mode: mode as keyof typeof cases });
      expect((await read()).headers.get('content-range')).toBe(expected);
    }
  });

  it('come shifted, overlong, zipped, or with one wrong bit', async () => {
    const good = await bytesOf(await read());
    strike({ type: 'flipBit', byte: 7 });
    expect((await bytesOf(await read())).map((byte, at) => byte ^ (good[at] ?? 0)).findIndex((bits) => bits > 0)).toBe(
      7,
    );
    hub.faults.clear();
    strike({ type: 'rangeShiftedBody', by: 3 });
    expect((await bytesOf(await read())).subarray(0, 900)).toEqual(good.subarray(3, 903));
    hub.faults.clear();
    strike({ type: 'overlong', bytes: 5 });
    expect((await bytesOf(await read())).length).toBe(1005);
    hub.faults.clear();
    strike({ type: 'gzipOnRange' });
    expect((await read()).headers.get('content-encoding')).toBe('gzip');
  });

  it('break off: reset, short of their length, or as if they were done', async () => {
    strike({ type: 'reset', afterBytes: 10 });
    await expect(read().then(bytesOf)).rejects.toThrow();
    hub.faults.clear();
    strike({ type: 'truncateCL', bytes: 10 });
    await expect(read().then(bytesOf)).rejects.toThrow();
    hub.faults.clear();
    strike({ type: 'truncateChunked', bytes: 10 });
    expect((await bytesOf(await read())).length).toBe(10);
    expect(hub.journal.filter(({ origin }) => origin === 'cdn').map(({ bytesSent }) => bytesSent)).toEqual([
      10, 10, 10,
    ]);
  });

  it('stall until the reader gives up', async () => {
    strike({ type: 'stall', afterBytes: 100, ms: 60_000 });
    const abort = new AbortController();
    const res = await read('bytes=0-999', { signal: abort.signal });
    const reader = res.body?.getReader();
    expect((await reader?.read())?.value?.length).toBe(100);
    abort.abort();
    await expect(reader?.read()).rejects.toThrow();
  });
});

describe('the control port', () => {
  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const res = await fetch(hub.controlUrl + path, init);
    expect(res.headers.get('access-control-allow-origin')).toBe('*');
    return res.json();
  }

  it('takes and drops rules, and shows the journal', async () => {
    await control('POST', '/__faults', {
      origin: 'hub',
      pathRe: '^/api/',
      action: { type: '5xx', status: 502, html: true },
    });
    expect((await info()).status).toBe(502);
    expect(await control('GET', '/__log')).toEqual([
      expect.objectContaining({ status: 502, class: 'api', faults: ['5xx'] }),
    ]);
    await control('DELETE', '/__log');
    await control('DELETE', '/__faults');
    expect((await info()).status).toBe(200);
    expect(await control('GET', '/__log')).toEqual([expect.objectContaining({ status: 200 })]);
  });

  it('refuses a fault it does not know', async () => {
    expect(await control('POST', '/__faults', { action: { type: 'flood' } })).toEqual({
      error: 'Error: no fault flood',
    });
  });
});
