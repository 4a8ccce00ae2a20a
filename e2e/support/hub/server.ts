import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAll } from './body.ts';
import { cdnPreflight, cdnReply, isUnrangedGiant, withCdnCors } from './cdn.ts';
import { DEFAULT_SWITCHES, type HubContext, type HubSwitches } from './context.ts';
import { controlHandler } from './control.ts';
import { type Exchange, type JournalEntry, type Origin, type Reply, type RequestClass, textReply } from './exchange.ts';
import { alterReply, prepareFault, replaceReply } from './fault-actions.ts';
import { type FaultAction, FaultBook } from './faults.ts';
import { hubPreflight, isBlockedReferer, withHubHeaders } from './hub-headers.ts';
import { hubReply } from './hub-routes.ts';
import { lfsPartReply } from './lfs-routes.ts';
import { LfsStore } from './lfs-store.ts';
import { createLink, type Link, type LinkSettings } from './link.ts';
import { bucketOf, DEFAULT_RATE, RateCounter, type RateSettings } from './rate.ts';
import type { Repo, RepoFile } from './repo.ts';
import { sendReply } from './send.ts';
import { UrlSigner } from './sign.ts';
import { type Commit, findCommit, RepoStore, type StoredRepo } from './store.ts';
import { TokenBook } from './users.ts';

export interface HubOptions extends Partial<HubSwitches> {
  readonly repos: readonly Repo[];
  /** Ports; 0 or nothing for any that is free. */
  readonly hubPort?: number;
  readonly cdnPort?: number;
  readonly otherCdnPort?: number;
  readonly controlPort?: number;
  readonly rateLimit?: Partial<RateSettings>;
  /** Milliseconds since the epoch: the clock of signatures, tokens and quotas. */
  readonly now?: () => number;
  /** For faults that strike by chance. */
  readonly seed?: number;
  /** All answers share it; the machine's own loopback unless given. */
  readonly link?: LinkSettings;
}

export interface HubServer {
  readonly url: string;
  readonly cdnUrl: string;
  /** A second host of the same CDN, for `cdnHostSwap`. */
  readonly otherCdnUrl: string;
  readonly controlUrl: string;
  /** In order of arrival; entries fill in as answers leave. */
  readonly journal: readonly JournalEntry[];
  clearJournal(): void;
  /** Every request that ever brought an Authorization header to the CDN, where only Xet's own tokens belong. */
  readonly leaks: readonly string[];
  readonly faults: FaultBook;
  /** May be changed while the server runs. */
  readonly switches: HubSwitches;
  readonly rateLimit: RateSettings;
  readonly repos: readonly string[];
  addRepo(repo: Repo): void;
  /** The commit that `main` is at. */
  headOf(id: string): string;
  /** Moves `main` to a new commit with these files; gives its sha. */
  commit(id: string, files: readonly RepoFile[]): string;
  /** The files of a branch, by path, as they would be downloaded. */
  contentsOf(id: string, branch?: string): ReadonlyMap<string, Uint8Array>;
  /** Titles of the commits of a branch, newest first. */
  historyOf(id: string, branch?: string): readonly string[];
  /** Bytes of large objects that uploads sent, those of requests that broke off too. */
  readonly uploadedBytes: number;
  /** Lets the server's clock run ahead: signatures expire, quota windows pass. */
  advanceClock(seconds: number): void;
  /** @throws Error when a request brought an Authorization header to the CDN: no test that uses this server can miss it. */
  close(): Promise<void>;
}

interface Machine {
  readonly context: HubContext;
  readonly faults: FaultBook;
  readonly rate: RateCounter;
  readonly journal: JournalEntry[];
  readonly leaks: string[];
  readonly link: Link | null;
}

/** The Xet store has tokens of its own, which are no access tokens. */
function isLeak({ origin, authorization, path }: Exchange): boolean {
  return origin === 'cdn' && authorization !== null && !/^\/v\d\/reconstructions\//.test(path);
}

function classOf(exchange: Exchange): RequestClass {
  if (exchange.method === 'OPTIONS') return 'preflight';
  if (exchange.origin === 'cdn') return 'cdn';
  if (exchange.path.startsWith('/api/resolve-cache/')) return 'resolver';
  const bucket = bucketOf(exchange.path);
  return bucket === 'resolvers' ? 'resolver' : bucket;
}

function readExchange(message: IncomingMessage, origin: Origin): Exchange {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const { headers } = message;
  return {
    origin,
    url,
    message,
    method: message.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    range: headers.range ?? null,
    authorization: headers.authorization ?? null,
    client: message.socket.remoteAddress ?? '',
  };
}

function journalEntry(exchange: Exchange, faults: readonly FaultAction[]): JournalEntry {
  const { headers } = exchange.message;
  return {
    origin: exchange.origin,
    method: exchange.method,
    path: exchange.url,
    range: exchange.range,
    hasAuthorization: exchange.authorization !== null,
    originHeader: headers.origin ?? null,
    acrh: headers['access-control-request-headers'] ?? null,
    class: classOf(exchange),
    t: Date.now(),
    status: 0,
    bytesSent: 0,
    ended: 0,
    faults: faults.map(({ type }) => type),
  };
}

async function answerHub(machine: Machine, exchange: Exchange, replaced: Reply | null): Promise<Reply> {
  const { context, rate } = machine;
  if (isBlockedReferer(exchange)) return textReply(404, 'Not Found');
  const state = rate.count(exchange);
  const resolver = bucketOf(exchange.path) === 'resolvers';
  if (exchange.method === 'OPTIONS') return replaced ?? hubPreflight(exchange);
  const answer = replaced ?? (state.exceeded ? rate.refuse(state) : await hubReply(context, exchange));
  answer.headers = { ...state.headers, ...answer.headers };
  if (answer.headers['Content-Type']?.includes('json')) answer.headers.ETag ??= weakTag(answer);
  return withHubHeaders(exchange, answer, resolver);
}

function weakTag(answer: Reply): string {
  return `W/"${answer.body.size.toString(16)}-${answer.status}"`;
}

async function answerCdn({ context }: Machine, exchange: Exchange, replaced: Reply | null): Promise<Reply> {
  if (replaced !== null) return withCdnCors(context, replaced);
  if (exchange.method === 'PUT') return withCdnCors(context, await lfsPartReply(context, exchange));
  return exchange.method === 'OPTIONS' ? cdnPreflight(context, exchange) : cdnReply(context, exchange);
}

async function answer(machine: Machine, exchange: Exchange, actions: readonly FaultAction[]): Promise<Reply> {
  const { context } = machine;
  let replaced: Reply | null = null;
  for (const action of actions) {
    prepareFault(context, machine.rate, action, exchange);
    replaced ??= replaceReply(action, exchange);
  }
  const real =
    exchange.origin === 'hub'
      ? await answerHub(machine, exchange, replaced)
      : await answerCdn(machine, exchange, replaced);
  const refused = isUnrangedGiant(context, exchange, real);
  const result = refused
    ? withCdnCors(context, textReply(501, 'The fixture sends no whole shard: ask for a range'))
    : real;
  for (const action of actions) alterReply(context, action, exchange, result);
  return result;
}

function serve(machine: Machine, origin: Origin): (message: IncomingMessage, res: ServerResponse) => void {
  return (message, res) => {
    const exchange = readExchange(message, origin);
    const actions = machine.faults.draw(exchange);
    const entry = journalEntry(exchange, actions);
    machine.journal.push(entry);
    if (isLeak(exchange)) machine.leaks.push(`${exchange.method} ${exchange.path}`);
    answer(machine, exchange, actions)
      .then((result) => sendReply(res, result, entry, { head: exchange.method === 'HEAD', link: machine.link }))
      .catch((error: unknown) => {
        entry.status = 500;
        if (res.headersSent) res.destroy();
        else res.writeHead(500, { 'Content-Type': 'text/plain' }).end(`Fixture failed: ${String(error)}`);
      });
  };
}

/** A client on a busy machine must not find the connection that it kept closed under it. */
const KEEP_ALIVE_MS = 60_000;

async function listen(server: Server, port: number): Promise<string> {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function switchesOf(options: HubOptions): HubSwitches {
  const known = Object.keys(DEFAULT_SWITCHES) as (keyof HubSwitches)[];
  const given = known.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]);
  return { ...DEFAULT_SWITCHES, ...Object.fromEntries(given) };
}

function createMachine(options: HubOptions, now: () => number): Machine {
  const context: HubContext = {
    store: new RepoStore(options.repos),
    lfs: new LfsStore(),
    tokens: new TokenBook(),
    signer: new UrlSigner(),
    switches: switchesOf(options),
    urls: { hub: '', cdn: '', otherCdn: '' },
    now,
  };
  const rate = new RateCounter({ ...DEFAULT_RATE, ...options.rateLimit }, now);
  const link = options.link ? createLink(options.link) : null;
  return { context, rate, faults: new FaultBook(options.seed ?? 1), journal: [], leaks: [], link };
}

function runningClock(base: () => number): { now: () => number; advanceClock: (seconds: number) => void } {
  let ahead = 0;
  const advanceClock = (seconds: number): void => {
    ahead += seconds * 1000;
  };
  return { now: () => base() + ahead, advanceClock };
}

function storedOf(context: HubContext, id: string): StoredRepo {
  const found = context.store.find('model', id) ?? context.store.find('dataset', id);
  if (found === null || !('repo' in found)) throw new Error(`no repo ${id}`);
  return found.repo;
}

function commitOf(context: HubContext, id: string, branch: string): Commit {
  const commit = findCommit(storedOf(context, id), branch);
  if (commit === undefined) throw new Error(`${id} has no ${branch}`);
  return commit;
}

function historyOf(context: HubContext, id: string, branch: string): string[] {
  const { commits } = storedOf(context, id);
  const titles: string[] = [];
  for (let at: Commit | undefined = commitOf(context, id, branch); at; at = commits.get(at.parent ?? ''))
    titles.push(at.title);
  return titles;
}

/** Starts Hub, CDN (on two ports) and control port on loopback; all are up when it resolves. */
export async function startHub(options: HubOptions): Promise<HubServer> {
  const clock = runningClock(options.now ?? Date.now);
  const machine = createMachine(options, clock.now);
  const { context, faults, rate, journal } = machine;
  const clearJournal = (): void => void journal.splice(0);
  const { advanceClock } = clock;
  const hub = createServer(serve(machine, 'hub'));
  const cdn = createServer(serve(machine, 'cdn'));
  const otherCdn = createServer(serve(machine, 'cdn'));
  const control = createServer(
    controlHandler({ faults, journal, clearJournal, advanceClock, switches: context.switches }),
  );
  context.urls.hub = await listen(hub, options.hubPort ?? 0);
  context.urls.cdn = await listen(cdn, options.cdnPort ?? 0);
  context.urls.otherCdn = await listen(otherCdn, options.otherCdnPort ?? 0);
  const controlUrl = await listen(control, options.controlPort ?? 0);
  return {
    url: context.urls.hub,
    cdnUrl: context.urls.cdn,
    otherCdnUrl: context.urls.otherCdn,
    controlUrl,
    journal,
    clearJournal,
    leaks: machine.leaks,
    faults,
    switches: context.switches,
    rateLimit: rate.settings,
    get repos() {
      return context.store.list().map(({ repo }) => repo.id);
    },
    addRepo: (repo) => context.store.add(repo),
    headOf: (id) => commitOf(context, id, 'main').sha,
    contentsOf: (id, branch = 'main') => {
      const { files } = commitOf(context, id, branch);
      return new Map([...files].map(([path, { body }]) => [path, readAll(body)]));
    },
    historyOf: (id, branch = 'main') => historyOf(context, id, branch),
    get uploadedBytes() {
      return context.lfs.received;
    },
    commit: (id, files) => context.store.commit(id, files).sha,
    advanceClock,
    close: async () => {
      await Promise.all([hub, cdn, otherCdn, control].map(close));
      const [first, ...more] = machine.leaks;
      if (first) throw new Error(`Authorization reached the CDN: ${first} and ${more.length} more`);
    },
  };
}
