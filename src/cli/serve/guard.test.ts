import { expect, it } from 'vitest';
import { isRefusal, routeOf } from './guard.ts';
import { cookieOf, createKeys } from './keys.ts';
import { wantedOf } from './ranges.ts';

const own = { host: '127.0.0.1:7766' };
const status = (target: string, headers: Record<string, string> = own, method = 'GET') => {
  const route = routeOf({ method, target, headers });
  return isRefusal(route) ? route.status : 200;
};

it('answers under the names of this machine alone, whatever the port that was forwarded', () => {
  for (const host of ['127.0.0.1:7766', 'localhost:9000', '[::1]:80', 'LOCALHOST'])
    expect(status('/', { host })).toBe(200);
  const rebound = [
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil',
    '0.0.0.0:7766',
    '192.168.1.2:7766',
    '127.0.0.1@evil',
    '',
  ];
  for (const host of rebound) expect(status('/', { host })).toBe(421);
});

it('refuses pages of other origins and sites, and lets a link be opened', () => {
  expect(status('/', { ...own, origin: 'http://127.0.0.1:7766' })).toBe(200);
  for (const origin of [
    'https://evil.example',
    'null',
    'http://127.0.0.1:1',
    'https://127.0.0.1:7766',
    'http://localhost:7766',
  ])
    expect(status('/hub/x', { ...own, origin })).toBe(403);
  expect(status('/hub/x', { ...own, 'sec-fetch-site': 'same-origin' })).toBe(200);
  for (const site of ['cross-site', 'same-site', 'none'])
    expect(status('/hub/x', { ...own, 'sec-fetch-site': site })).toBe(403);
  const visit = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  expect(status('/?token=x', { ...own, 'sec-fetch-site': 'cross-site', ...visit })).toBe(200);
  expect(status('/', { ...own, 'sec-fetch-site': 'cross-site', ...visit, 'sec-fetch-dest': 'iframe' })).toBe(403);
  expect(status('/conversion', own, 'POST')).toBe(403);
  expect(status('/conversion', { ...own, origin: 'http://127.0.0.1:7766' }, 'POST')).toBe(200);
  expect(status('/', { ...own, 'sec-fetch-site': 'cross-site', ...visit, origin: 'null' }, 'POST')).toBe(403);
});

it('takes no path with parts that lead elsewhere, however they are written', () => {
  const odd = [
    '/../x',
    '/a/../../x',
    '/%2e%2e/x',
    '/a/%2E%2E%2fx',
    '/..%2f..%2fetc/passwd',
    '/a\\..\\b',
    '/%5c%5chost',
    '/a//b',
    '//evil/x',
    '/%00',
    '/a%0d%0ab',
    '/%',
    '/%ff',
    'http://evil/x',
    '*',
    '',
  ];
  for (const target of odd) expect([target, status(target)]).toEqual([target, 400]);
  expect(status(`/${'a'.repeat(9000)}`)).toBe(414);
  const route = routeOf({ method: 'GET', target: '/hub/local/m/resolve/main/a%20b.safetensors?x=1', headers: own });
  expect(isRefusal(route) ? null : route.parts).toEqual(['hub', 'local', 'm', 'resolve', 'main', 'a b.safetensors']);
});

it('gives a session for a token once, and another token after it', () => {
  const keys = createKeys();
  const token = keys.token();
  expect(token).toMatch(/^[\w-]{32}$/);
  expect(keys.redeem('')).toBeNull();
  expect(keys.redeem(token.slice(1))).toBeNull();
  const session = keys.redeem(token) ?? '';
  expect(keys.isSession(session)).toBe(true);
  expect(keys.redeem(token)).toBeNull();
  expect(keys.token()).not.toBe(token);
  for (const other of ['', token, keys.token(), session.slice(1)]) expect(keys.isSession(other)).toBe(false);
  for (let more = 0; more < 16; more++) keys.redeem(keys.token());
  expect(keys.isSession(session)).toBe(false);
});

it('reads one cookie of its name, and none of two', () => {
  expect(cookieOf('a=1; moe-loom-1=x; b=2', 'moe-loom-1')).toBe('x');
  expect(cookieOf('moe-loom-11=x', 'moe-loom-1')).toBeNull();
  expect(cookieOf('moe-loom-1=x; moe-loom-1=y', 'moe-loom-1')).toBeNull();
  expect(cookieOf(undefined, 'moe-loom-1')).toBeNull();
});

it('reads one range, cut at the end of the file', () => {
  expect(wantedOf(undefined, 10)).toEqual({ kind: 'whole' });
  expect(wantedOf('bytes=2-4', 10)).toEqual({ kind: 'part', start: 2, end: 5 });
  expect(wantedOf('bytes=2-', 10)).toEqual({ kind: 'part', start: 2, end: 10 });
  expect(wantedOf('bytes=-3', 10)).toEqual({ kind: 'part', start: 7, end: 10 });
  expect(wantedOf('bytes=8-9007199254740990', 10)).toEqual({ kind: 'part', start: 8, end: 10 });
  const none = [
    'bytes=10-',
    'bytes=4-2',
    'bytes=-0',
    'bytes=-',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=a-b',
    'bytes=99999999999999999-',
    '',
  ];
  for (const range of none) expect([range, wantedOf(range, 10)]).toEqual([range, { kind: 'none' }]);
});
