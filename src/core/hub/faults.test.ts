import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserFetch } from '../../../e2e/support/hub/browser-fetch.ts';
import { FAULT_TYPES, type FaultAction, type FaultRule } from '../../../e2e/support/hub/faults.ts';
import { presetRepos } from '../../../e2e/support/hub/presets.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { createOpenMemory, forgetUnread, type OpenMemory, openCheckpoint, unreadFiles } from '../checkpoint/open.ts';
import { type ErrorTag, isLoomError } from '../errors.ts';
import type { Pause } from '../remote/gate.ts';
import { hastyClock } from '../source/clock.fixture.ts';
import { createManners } from './manners.ts';
import { type HubRepo, type OpenHubOptions, openHubRepo } from './repo.ts';

const REPO = 'preset/per-expert-tiny';
const SECOND = '00002-of-00003';
const FILE = `model-${SECOND}.safetensors`;
const clock = hastyClock();
const rows: string[][] = [];
let hub: HubServer;
let pauses: (Pause | null)[] = [];

beforeEach(async () => {
  const repos = presetRepos().filter(({ id }) => id === REPO);
  hub = await startHub({ repos, now: clock.now });
  pauses = [];
});
afterEach(async () => {
  expect(hub.leaks).toEqual([]);
  await hub.close();
});

interface Case {
  readonly action: FaultAction;
  /** What distinguishes it from others of the kind, for the page. */
  readonly how: string;
  readonly rule?: Partial<FaultRule>;
  readonly options?: OpenHubOptions;
}

function open(options: OpenHubOptions = {}): Promise<HubRepo> {
  const manners = createManners({ clock, random: () => 0 });
  const onPause = (pause: Pause | null) => pauses.push(pause);
  return openHubRepo(REPO, { endpoint: hub.url, ...manners, fetch: browserFetch(), onPause, ...options });
}

/** A sentence as the page shows it: with the names of the real Hub. */
function onPage(text: string): string {
  return [hub.url, hub.cdnUrl, hub.otherCdnUrl]
    .flatMap((url) => [url, new URL(url).host])
    .reduce(
      (told, one, i) =>
        told.replaceAll(one, `${i % 2 === 0 ? 'https://' : ''}${i < 2 ? 'huggingface.co' : 'us.aws.cdn.hf.co'}`),
      text,
    )
    .replaceAll(REPO, 'org/name')
    .replaceAll(/[0-9a-f]{40}/g, '<commit>')
    .replaceAll('|', '\\|');
}

function note({ action, how }: Case, sees: string, kept: string): void {
  rows.push([`\`${action.type}\``, how, onPage(sees), kept]);
}

/** What strikes never keeps the checkpoint from being whole. */
const HARMLESS: readonly (Case & { readonly sees: string; readonly reason?: Pause['reason'] })[] = [
  {
    action: { type: 'rate429', retryAfter: 7 },
    how: '429, the waiting time out of a page’s sight',
    rule: { pathRe: '/resolve/', nth: 2 },
    sees: 'All requests pause, with a countdown, and go on.',
    reason: 'rate-limited',
  },
  {
    action: { type: 'rate429', cors: false },
    how: '429 that a page cannot read',
    rule: { pathRe: '/resolve/', times: 4 },
    sees: 'After three lost requests in a row all pause, with a countdown, and go on.',
    reason: 'network',
  },
  {
    action: { type: 'quotaReal', anonymous: { api: 500, resolvers: 4, pages: 100 } },
    how: 'a quota that is enforced',
    options: createManners({ clock, random: () => 0 }, 4),
    sees: 'Before the quota is used up all requests pause, with a countdown, and go on: no 429 comes.',
    reason: 'quota',
  },
  {
    action: { type: 'slow', bps: 200_000 },
    how: 'few bytes a second',
    sees: 'Progress, slowly: time without a byte counts, not time.',
  },
  { action: { type: 'ttfb', ms: 40 }, how: 'every answer late', sees: 'Nothing: many requests are under way at once.' },
  {
    action: { type: '5xx' },
    how: 'a server error, passing',
    rule: { pathRe: SECOND, times: 3 },
    sees: 'Nothing: tried again up to three times, later each time.',
  },
  {
    action: { type: 'reset', afterBytes: 9 },
    how: 'a connection reset, passing',
    rule: { pathRe: SECOND, origin: 'cdn', times: 2 },
    sees: 'Nothing: the read goes on at the byte where it broke off.',
  },
  {
    action: { type: 'sigExpired' },
    how: 'a signed address that is spent',
    rule: { origin: 'cdn', pathRe: SECOND, times: 1 },
    sees: 'Nothing: the Hub signs a new address.',
  },
  {
    action: { type: 'etagFlip' },
    how: 'another ETag each time',
    sees: 'Nothing when each file is read once. A second range of a file with another ETag ends the read with an error.',
  },
  {
    action: { type: 'flipBit', byte: -1 },
    how: 'right sizes, right headers, one wrong bit',
    rule: { origin: 'cdn', pathRe: SECOND },
    sees: 'Nothing while only headers are read. A conversion compares the whole file with its sha256 and refuses it by name.',
  },
  {
    action: { type: 'sizeFlip', repo: REPO },
    how: 'the branch moves to larger files',
    rule: { pathRe: '/resolve/', times: 1 },
    sees: 'Nothing: every address names the commit.',
  },
  {
    action: { type: 'commitFlip', repo: REPO },
    how: 'the branch moves on',
    rule: { pathRe: '/resolve/', times: 1 },
    sees: 'Nothing: every address names the commit.',
  },
  {
    action: { type: 'cacheable' },
    how: 'answers that a browser would keep',
    sees: 'Nothing: no request goes through the browser’s cache.',
  },
  {
    action: { type: 'cdnHostSwap' },
    how: 'another host of the file server',
    rule: { pathRe: '/resolve/' },
    sees: 'Nothing: no host is written into the program.',
  },
  {
    action: { type: 'preflightFail' },
    how: 'preflights refused, the user asked for the token to be sent',
    options: { token: 'hf_member', authenticate: 'always' },
    sees: 'Nothing: a public repo is read without the token.',
  },
  {
    action: { type: 'linkLoop' },
    how: 'pages of a listing in a circle',
    rule: { pathRe: '^/api/' },
    sees: 'Nothing: the listing is one answer; of a link to a further page only the cursor would be used.',
  },
  {
    action: { type: 'linkForeign' },
    how: 'a next page elsewhere',
    rule: { pathRe: '^/api/' },
    sees: 'Nothing: the listing is one answer; of a link to a further page only the cursor would be used.',
  },
];

/** One of three shards cannot be read: it is named, the others stay, and it alone is read again. */
const ONE_SHARD: readonly (Case & { readonly cause: ErrorTag })[] = [
  { action: { type: '5xx', status: 502, html: true }, how: 'a server error that stays', cause: 'server-error' },
  { action: { type: 'reset', afterBytes: 100 }, how: 'reset each time', cause: 'network' },
  { action: { type: 'truncateCL', bytes: 50 }, how: 'cut off before its length', cause: 'network' },
  { action: { type: 'truncateChunked', bytes: 50 }, how: 'ended early, as if whole', cause: 'read-short' },
  {
    action: { type: 'stall', afterBytes: 20, ms: 60_000 },
    how: 'silence in the middle',
    options: { stallMs: 400 },
    cause: 'stalled',
  },
  { action: { type: 'ignoreRange', bps: 10_000 }, how: '200 and the whole file', cause: 'range-ignored' },
  { action: { type: 'wrongContentRange', mode: 'total' }, how: 'another file size', cause: 'content-range-wrong' },
  { action: { type: 'wrongContentRange', mode: 'shift' }, how: 'another range', cause: 'content-range-wrong' },
  { action: { type: 'wrongContentRange', mode: 'missing' }, how: 'no Content-Range', cause: 'content-range-wrong' },
  { action: { type: 'wrongContentRange', mode: '*' }, how: 'no size', cause: 'content-range-wrong' },
  { action: { type: 'overlong', bytes: 10 }, how: 'more than was asked for', cause: 'read-overlong' },
  { action: { type: 'gzipOnRange' }, how: 'a part, compressed', cause: 'content-range-wrong' },
  { action: { type: '416' }, how: 'past the end', cause: 'source-changed' },
  { action: { type: 'sigExpired' }, how: 'every signed address spent', cause: 'link-expired' },
  { action: { type: 'sigWrongRange' }, how: 'every signed address for another range', cause: 'link-expired' },
  { action: { type: 'sigWrongRange', cors: false }, how: 'the same, unreadable', cause: 'network' },
  { action: { type: 'noCORS' }, how: 'no CORS headers', cause: 'network' },
  { action: { type: 'redirectLoop' }, how: 'a redirect to itself', rule: { origin: 'hub' }, cause: 'network' },
  {
    action: { type: 'redirectToHttp' },
    how: 'a redirect to an unknown host, unencrypted',
    rule: { origin: 'hub' },
    cause: 'network',
  },
  {
    action: { type: 'redirectToEvil' },
    how: 'a redirect to a foreign server',
    rule: { origin: 'hub' },
    cause: 'range-ignored',
  },
];

/** The bytes or the Hub say that a shard is no good: reading it again at this commit would give the same. */
const SETTLED: readonly (Case & { readonly tag: string })[] = [
  {
    action: { type: 'rangeShiftedBody' },
    how: 'the right label on the wrong bytes',
    rule: { origin: 'cdn' },
    tag: 'shard-invalid',
  },
  { action: { type: '404entry' }, how: 'a listed file that is not there', tag: 'shard-missing' },
];

/** The door closes after the first shard. */
const MIDWAY: readonly Case[] = [
  { action: { type: 'gated401' }, how: 'gated meanwhile, for strangers' },
  {
    action: { type: 'gated403' },
    how: 'gated meanwhile, for an account',
    options: { token: 'hf_reader', authenticate: 'always' },
  },
  { action: { type: 'gateRevoked' }, how: 'access revoked meanwhile' },
  { action: { type: 'disabled403' }, how: 'disabled meanwhile' },
  { action: { type: '404repo' }, how: 'deleted meanwhile' },
];

/** There is nothing to open. */
const NOTHING: readonly (Case & { readonly tag: string })[] = [
  { action: { type: '401bare' }, how: 'private or absent', tag: 'repo-not-found' },
  {
    action: { type: '401badcreds' },
    how: 'a token the Hub does not take',
    options: { token: 'hf_old', authenticate: 'always' },
    tag: 'token-rejected',
  },
  { action: { type: '404repo' }, how: 'absent', tag: 'repo-not-found' },
  { action: { type: '404rev' }, how: 'no such revision', tag: 'revision-not-found' },
  { action: { type: 'redirectToEvil' }, how: 'a listing from a foreign server', tag: 'redirect-unsafe' },
  { action: { type: 'noCORS' }, how: 'blocked, or offline', tag: 'network' },
];

function strike({ action, rule }: Case, usual: Partial<FaultRule> = {}): void {
  hub.faults.add({ ...usual, ...rule, action });
}

const name = ({ action, how }: Case) => `${action.type}: ${how}`;

function shards(memory: OpenMemory): number {
  return [...memory.shards.values()].filter((outcome) => 'header' in outcome).length;
}

async function again(repo: HubRepo, memory: OpenMemory, asked: number): Promise<void> {
  hub.faults.clear();
  repo.tryAgain();
  forgetUnread(memory);
  hub.clearJournal();
  const whole = await openCheckpoint(repo, { index: 'later', memory });
  expect(whole.findings.map(({ tag }) => tag)).toEqual(['index-unread']);
  expect(whole.shards.length).toBe(3);
  const resolved = hub.journal.filter(({ path }) => /\/resolve\/.*\.safetensors$/.test(path));
  expect(resolved.length).toBe(asked);
}

describe('what passes', () => {
  it.each(HARMLESS.map((one) => [name(one), one] as const))('%s', async (_name, one) => {
    strike(one);
    const repo = await open(one.options);
    const checkpoint = await openCheckpoint(repo);
    expect(checkpoint.findings).toEqual([]);
    expect(checkpoint.shards.length).toBe(3);
    if (one.reason) {
      expect(new Set(pauses.flatMap((pause) => pause?.reason ?? []))).toEqual(new Set([one.reason]));
      expect(pauses.at(-1)).toBeNull();
    } else expect(pauses).toEqual([]);
    for (const { path } of hub.journal) if (path.includes('/resolve/')) expect(path).toContain(repo.commit);
    note(one, one.sees, 'Everything.');
  });
});

describe('one shard that fails', () => {
  it.each(ONE_SHARD.map((one) => [name(one), one] as const))('%s', async (_name, one) => {
    strike(one, { pathRe: SECOND, origin: 'cdn' });
    const repo = await open(one.options);
    const memory = createOpenMemory();
    const checkpoint = await openCheckpoint(repo, { index: 'later', memory });
    const [unread, ...more] = checkpoint.findings.filter(({ severity }) => severity === 'error');
    expect(more).toEqual([]);
    expect(unread).toMatchObject({ tag: 'shard-unread', file: FILE, cause: one.cause });
    expect(unreadFiles(checkpoint)).toEqual([FILE]);
    expect(checkpoint.shards.length).toBe(2);
    hub.clearJournal();
    await openCheckpoint(repo, { memory });
    expect(hub.journal.filter(({ path }) => path.includes(SECOND))).toEqual([]);
    await again(repo, memory, 1);
    note(one, unread?.message ?? '', 'The other shards; “try again” reads this one.');
  });

  it.each(SETTLED.map((one) => [name(one), one] as const))('%s', async (_name, one) => {
    strike(one, { pathRe: SECOND, origin: 'hub' });
    const memory = createOpenMemory();
    const checkpoint = await openCheckpoint(await open(), { index: 'later', memory });
    const errors = checkpoint.findings.filter(({ severity }) => severity === 'error');
    expect(errors).toMatchObject([{ tag: one.tag, file: FILE }]);
    expect(unreadFiles(checkpoint)).toEqual([]);
    expect(shards(memory)).toBe(2);
    note(one, errors[0]?.message ?? '', 'The other shards.');
  });
});

it.each(['config.json', 'model.safetensors.index.json'])('%s that cannot be read is asked for again', async (file) => {
  strike({ action: { type: '5xx' }, how: '' }, { pathRe: file.replaceAll('.', '\\.'), origin: 'hub' });
  const repo = await open();
  const memory = createOpenMemory();
  const checkpoint = await openCheckpoint(repo, { memory });
  expect(checkpoint.findings).toMatchObject([{ tag: 'file-unread', file, severity: 'error' }]);
  expect(unreadFiles(checkpoint)).toEqual([file]);
  hub.faults.clear();
  hub.clearJournal();
  forgetUnread(memory);
  expect((await openCheckpoint(repo, { memory })).findings).toEqual([]);
  expect(hub.journal.filter(({ class: kind }) => kind !== 'cdn').every(({ path }) => path.includes(file))).toBe(true);
});

describe('a door that closes midway', () => {
  it.each(MIDWAY.map((one) => [name(one), one] as const))('%s', async (_name, one) => {
    strike(one, { origin: 'hub', pathRe: '/resolve/', after: 1 });
    const repo = await open(one.options);
    const memory = createOpenMemory();
    const checkpoint = await openCheckpoint(repo, { index: 'later', memory });
    const unread = checkpoint.findings.filter(({ tag }) => tag === 'shard-unread');
    expect(unread.length).toBe(2);
    expect(checkpoint.shards.length).toBe(1);
    await again(repo, memory, 2);
    note(one, unread[0]?.message ?? '', 'The shards read before; nothing more is asked for.');
  });
});

describe('nothing to open', () => {
  it.each(NOTHING.map((one) => [name(one), one] as const))('%s', async (_name, one) => {
    strike(one, { origin: 'hub', pathRe: '^/api/' });
    const error = await open(one.options).catch((thrown: unknown) => thrown);
    expect(isLoomError(error) && error.tag).toBe(one.tag);
    expect(hub.journal.filter(({ class: kind }) => kind === 'resolver')).toEqual([]);
    note(one, error instanceof Error ? error.message : '', 'Nothing was read, and no file is asked for.');
  });
});

describe('a browser’s shapes of failure', () => {
  it.each([
    ['Chromium', () => new TypeError('network error')],
    ['Firefox', () => new DOMException('The operation was aborted. ', 'AbortError')],
  ])('%s: a reset is not the user’s cancel', async (_engine, shape) => {
    let resets = 0;
    const flaky: typeof fetch = async (input, init) => {
      if (String(input).includes(SECOND) && resets++ < 2) throw shape();
      return browserFetch()(input, init);
    };
    const checkpoint = await openCheckpoint(await open({ fetch: flaky }));
    expect(checkpoint.findings).toEqual([]);
    expect(resets).toBe(3);
  });

  it('cancel is a cancel, and nothing is asked for after it', async () => {
    const abort = new AbortController();
    let sent = 0;
    strike({ action: { type: 'ttfb', ms: 50 }, how: '' });
    const repo = await open({ onRequest: ({ phase }) => void (phase === 'sent' && sent++) });
    const opening = openCheckpoint(repo, { signal: abort.signal }).catch((error: { tag?: string }) => error.tag);
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    const before = sent;
    expect(await opening).toBe('cancelled');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(sent).toBe(before);
  });
});

describe('docs/trust.md', () => {
  const path = fileURLToPath(new URL('../../../docs/trust.md', import.meta.url));

  it('has every fault that the server knows, in the words that a user sees', async () => {
    const tested = new Set(rows.map(([fault = '']) => fault.replaceAll('`', '')));
    expect([...FAULT_TYPES].filter((type) => !tested.has(type))).toEqual([]);
    const head = ['fault', 'how', 'what the user sees', 'what is kept'];
    const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    const page = readFileSync(path, 'utf8');
    const told = page.replace(
      /(<!-- faults -->)[\s\S]*?(<!-- end -->)/,
      (_all, from, to) => `${from}\n\n${table}\n\n${to}`,
    );
    await expect(told).toMatchFileSnapshot(path);
  });
});
