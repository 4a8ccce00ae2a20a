import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { createNodeFetch } from './fetch.node.ts';
import { fetchText, httpSource } from './http.ts';
import { proxyFor } from './proxy.node.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

/** A server on loopback; gives its host. */
async function serve(answer: (message: IncomingMessage, reply: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const text = (url: string, env: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  fetchText({ name: 'x', url, limit: 1000, fetch: createNodeFetch(env), headers: () => headers });

async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isLoomError(error)) throw new Error('it did not fail in words', { cause: error });
  return error;
}

describe('redirects', () => {
  it('are followed up to five times, and never in a circle', async () => {
    const host = await serve(({ url = '' }, reply) => {
      const left = Number(/^\/left\/(\d+)/.exec(url)?.[1] ?? Number.NaN);
      if (left > 0) reply.writeHead(302, { Location: `/left/${left - 1}` }).end('moved');
      else if (left === 0) reply.end('here');
      else reply.writeHead(307, { Location: url === '/a' ? '/b' : '/a' }).end();
    });
    expect(await text(`http://${host}/left/5`)).toBe('here');
    const many = await failure(text(`http://${host}/left/6`));
    expect(many).toMatchObject({ tag: 'redirect-loop', retryable: false });
    const circle = await failure(text(`http://${host}/a`));
    expect(circle.message).toBe(
      `x cannot be read. The request got no answer after 2 redirects (${host}). Check the address of the Hub; a proxy or gateway on the way may redirect in a circle.`,
    );
  });

  it('leave credentials behind with the origin, and keep the range', async () => {
    const seen: (string | undefined)[] = [];
    const file = await serve(({ headers }, reply) => {
      seen.push(headers.authorization);
      expect(headers.range).toBe('bytes=2-3');
      reply.writeHead(206, { 'Content-Range': 'bytes 2-3/9', 'Content-Length': 2 }).end('ab');
    });
    const hub = await serve(({ headers, url }, reply) => {
      seen.push(headers.authorization);
      reply.writeHead(302, { Location: url === '/1' ? '/2' : `http://${file}/x` }).end();
    });
    const options = { name: 'x', key: 'k', byteLength: 9, headers: () => ({ Authorization: 'Bearer t' }) };
    const source = httpSource({ ...options, url: `http://${hub}/1`, fetch: createNodeFetch({}) });
    expect(Buffer.from(await source.read({ start: 2, end: 4 })).toString()).toBe('ab');
    expect(seen).toEqual(['Bearer t', 'Bearer t', undefined]);
  });

  it('name the host that failed, and the one that led there', async () => {
    const gone = await serve(() => {});
    await new Promise((done) => servers.pop()?.close(done));
    const hub = await serve((_, reply) => reply.writeHead(302, { Location: `http://${gone}/x` }).end());
    const source = httpSource({
      name: 'x',
      key: 'k',
      byteLength: 9,
      url: `http://${hub}/1`,
      fetch: createNodeFetch({}),
    });
    const error = await failure(source.read({ start: 0, end: 1 }));
    expect(error.message).toBe(
      `x cannot be reached: ${gone} (redirected from ${hub}) takes no connection (ECONNREFUSED). Check that it runs, and the address.`,
    );
  });
});

describe('proxies', () => {
  const cases: [string, Record<string, string>, string | null][] = [
    ['https://hub.example/x', {}, null],
    ['https://hub.example/x', { HTTPS_PROXY: 'http://p:1' }, 'p:1'],
    ['https://hub.example/x', { HTTP_PROXY: 'http://p:1' }, null],
    ['http://hub.example/x', { HTTP_PROXY: 'p:1' }, 'p:1'],
    ['https://hub.example/x', { https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' }, 'low:1'],
    ['https://hub.example/x', { ALL_PROXY: 'http://all:1' }, 'all:1'],
    ['https://hub.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, null],
    ['https://hub.example/x', { HTTPS_PROXY: 'http://p:1', no_proxy: 'a, .example' }, null],
    ['https://hub.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'hub.example:443' }, null],
    ['https://hub.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'hub.example:8443' }, 'p:1'],
    ['https://badhub.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'hub.example' }, 'p:1'],
    ['http://127.0.0.1:7/x', { HTTP_PROXY: 'http://p:1' }, null],
    ['http://localhost:7/x', { HTTP_PROXY: 'http://p:1' }, null],
  ];
  it.each(cases)('for %s with %o', (url, env, host) => {
    expect(proxyFor(new URL(url), env)?.host ?? null).toBe(host);
  });

  it('are refused where they are none of HTTP', () => {
    const proxy = () => proxyFor(new URL('https://hub.example'), { HTTPS_PROXY: 'socks5://p:1' });
    expect(proxy).toThrow(/HTTPS_PROXY is not the address of an HTTP proxy.*SOCKS proxies are not supported/);
  });

  it('pass requests on with their ranges, and with a name and password where the address has them', async () => {
    const hub = await serve(({ url, headers }, reply) => {
      expect(headers['proxy-authorization']).toBe(undefined);
      expect(headers.host).toBe('hub.corp.test');
      reply.end(`path ${url}`);
    });
    const asked: string[] = [];
    const proxy = await serve((message, reply) => {
      asked.push(`${message.url} ${message.headers['proxy-authorization'] ?? ''}`);
      const { 'proxy-authorization': _, ...headers } = message.headers;
      const path = new URL(message.url ?? '').pathname;
      request(`http://${hub}${path}`, { headers }, (answer) => answer.pipe(reply)).end();
    });
    const env = { HTTP_PROXY: `http://me:s%3Acret@${proxy}` };
    expect(await text('http://hub.corp.test/a', env)).toBe('path /a');
    expect(asked).toEqual([`http://hub.corp.test/a Basic ${Buffer.from('me:s:cret').toString('base64')}`]);
  });

  it('that refuse are named, not the Hub', async () => {
    for (const [status, todo] of [
      [407, 'It wants a user name and a password'],
      [403, 'Ask who runs the proxy'],
    ] as const) {
      const server = createServer((_, reply) => reply.writeHead(status).end());
      server.on('connect', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`));
      servers.push(server);
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const proxy = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const error = await failure(text('https://hub.corp.test/a', { HTTPS_PROXY: `http://me:secret@${proxy}` }));
      expect(error.message).toContain(`The proxy ${proxy} does not lead to hub.corp.test:443 (${status}). ${todo}`);
      expect(error.message).not.toContain('secret');
      if (status !== 407) continue;
      const plain = await failure(text('http://hub.corp.test/a', { HTTP_PROXY: `http://${proxy}` }));
      expect(plain.message).toContain(`The proxy ${proxy} does not lead to hub.corp.test (407)`);
    }
  });

  it('that are not there are named', async () => {
    const proxy = await serve(() => {});
    await new Promise((done) => servers.pop()?.close(done));
    for (const [url, env] of [
      ['https://hub.corp.test/a', { HTTPS_PROXY: `http://${proxy}` }],
      ['http://hub.corp.test/a', { HTTP_PROXY: `http://${proxy}` }],
    ] as const) {
      const error = await failure(text(url, env));
      expect(error.message).toBe(
        `x cannot be reached: the proxy ${proxy}, which leads to hub.corp.test, takes no connection (ECONNREFUSED). Check that it runs, and the address.`,
      );
    }
  });

  it('give up at once when the work is stopped', async () => {
    const proxy = await serve(() => {});
    const abort = new AbortController();
    const work = fetchText({
      name: 'x',
      url: 'http://hub.corp.test/a',
      limit: 9,
      signal: abort.signal,
      fetch: createNodeFetch({ HTTP_PROXY: `http://${proxy}` }),
    });
    setTimeout(() => abort.abort(), 20);
    expect((await failure(work)).tag).toBe('cancelled');
  });
});

describe('a request with a body', () => {
  const put = (url: string, env: Record<string, string> = {}) =>
    fetchText({
      name: 'x',
      url,
      limit: 1000,
      method: 'PUT',
      body: new TextEncoder().encode('what is sent'),
      fetch: createNodeFetch(env),
      headers: () => ({ Authorization: 'Bearer hf_x' }),
    });
  const echo = (message: IncomingMessage, reply: ServerResponse) => {
    const parts: Buffer[] = [];
    message.on('data', (part: Buffer) => parts.push(part));
    message.on('end', () =>
      reply.end(`${message.method} ${message.headers['content-length']} ${Buffer.concat(parts)}`),
    );
  };

  it('is sent with its length, through a proxy too', async () => {
    const host = await serve(echo);
    expect(await put(`http://${host}/`)).toBe('PUT 12 what is sent');
    expect(await put('http://hub.invalid/x', { HTTP_PROXY: `http://${host}` })).toBe('PUT 12 what is sent');
  });

  it('follows a redirect that keeps it, within its origin alone', async () => {
    let seen = 0;
    const other = await serve((message, reply) => {
      seen++;
      echo(message, reply);
    });
    const host = await serve((message, reply) => {
      if (message.url === '/new') return echo(message, reply);
      message.resume();
      if (message.url === '/renamed') reply.writeHead(307, { Location: '/new' }).end();
      else if (message.url === '/found') reply.writeHead(302, { Location: '/new' }).end();
      else reply.writeHead(307, { Location: `http://${other}/` }).end();
    });
    expect(await put(`http://${host}/renamed`)).toBe('PUT 12 what is sent');
    for (const path of ['found', 'away'])
      expect(await failure(put(`http://${host}/${path}`))).toMatchObject({ tag: 'redirect-unsafe' });
    expect(seen).toBe(0);
  });
});
