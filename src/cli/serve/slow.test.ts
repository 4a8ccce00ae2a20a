import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServedConversion } from '../../core/index.ts';
import { createKeys } from './keys.ts';
import { createServedHub } from './served-hub.ts';
import { serve } from './server.ts';

const keys = createKeys();
let running: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  const app = { headers: [], get: async () => null, page: () => ({ type: 'text/html', body: Buffer.from('page') }) };
  const note = () => ({ version: '1', machine: 'here', writesTo: null, sources: [] });
  const work = { state: () => ({}) as ServedConversion, start: async () => {}, stop: async () => {} };
  const options = { app, hub: createServedHub(), keys, work, note, sourceOf: () => null, start: () => '' };
  running = await serve(0, { ...options, onOpened: () => {} }, { headersMs: 40, requestMs: 80, lookMs: 20 });
});
afterAll(() => running.server.close());

async function slow(begin: string): Promise<string> {
  const socket: Socket = connect(running.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.write(begin);
  await once(socket, 'close');
  return answer;
}

it('lets clients down that do not end their headers, or their request', async () => {
  expect(await slow('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-')).toMatch(/^HTTP\/1\.1 408/);
  const session = keys.redeem(keys.token());
  const head = `POST /conversion HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nCookie: moe-loom-${running.port}=${session}\r\n`;
  expect(await slow(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`)).toMatch(
    /^HTTP\/1\.1 408/,
  );
});
