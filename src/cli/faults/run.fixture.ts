import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { selfSigned } from '../../../e2e/support/hub/certificate.ts';
import { deadAddress, type Front, startFront, startProxy, startRaw } from '../../../e2e/support/hub/fronts.ts';
import { type HubServer, startHub } from '../../../e2e/support/hub/server.ts';
import { mapConcurrent } from '../../core/concurrency.ts';
import { type FaultRow, folderAt, type Place, repoOf, rulesOf } from './row.fixture.ts';

const PROGRAM = fileURLToPath(new URL('../../../dist/cli/moe-loom.js', import.meta.url));
/** Programs at a time: most of them wait. */
const TOGETHER = 10;
const SECONDS = 120;
/** For Ctrl-C, on a machine that does other things too: far below every pause that is interrupted. */
const STOP_SECONDS = 30;
/** Errors that some server is answerable for: it must be named. */
const OF_A_SERVER =
  /\[(network|stalled|rate-limited|server-error|http-status|range-ignored|content-range-wrong|read-short|read-overlong|link-expired|source-changed|redirect-unsafe|redirect-loop)\]$/;
const HOST = /\b(127\.0\.0\.1|localhost):\d+|\bhub\.moe-loom\.(test|invalid)\b/;
/** Settings of whoever runs the tests that would change an answer. */
const SETTING = /^(HF_|HUGGING|TRANSFORMERS_|XDG_|NODE_OPTIONS$|NODE_EXTRA|(HTTPS?|ALL|NO)_PROXY$)/i;

export interface Outcome {
  readonly row: FaultRow;
  /** Null for a program that had to be killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly requests: number;
  readonly seconds: number;
  /** What is wrong with that, a sentence each; empty where nothing is. */
  readonly wrong: readonly string[];
}

interface World {
  readonly hub: HubServer;
  readonly root: string;
  readonly fronts: readonly Front[];
  placeOf(id: string): Place;
}

async function openWorld(rows: readonly FaultRow[]): Promise<World> {
  const hub = await startHub({ repos: rows.map((row, at) => repoOf(row, idOf(at))) });
  const own = selfSigned();
  const [secure, prefixed, passes, refuses, wantsPassword, silent, noise] = await Promise.all([
    startFront(hub.url, { secure: own }),
    startFront(hub.url, { prefix: '/api/hf' }),
    startProxy(hub.url, 'passes'),
    startProxy(hub.url, 'refuses'),
    startProxy(hub.url, 'wants-password'),
    startRaw(null),
    startRaw('220 mail.example ESMTP\r\n'),
  ]);
  const dead = await deadAddress();
  const root = mkdtempSync(join(tmpdir(), 'moe-loom-faults-'));
  const certificate = join(root, 'certificate.pem');
  writeFileSync(certificate, own.cert);
  const placeOf = (id: string): Place => ({
    id,
    work: join(root, id.replace('/', '-')),
    hub: hub.url,
    fileHost: hub.cdnUrl,
    otherHost: hub.otherCdnUrl,
    dead,
    secure: secure.url,
    certificate,
    prefixed: `${prefixed.url}/api/hf`,
    silent: silent.url,
    noise: noise.url,
    proxies: { passes: passes.url, refuses: refuses.url, wantsPassword: wantsPassword.url },
  });
  return { hub, root, fronts: [secure, prefixed, passes, refuses, wantsPassword, silent, noise], placeOf };
}

function idOf(at: number): string {
  return `fault/row-${at}`;
}

/** Runs the built program on every fault, and says of each what is wrong with how it ended; `onOutcome` hears of each as it ends. */
export async function runFaults(
  rows: readonly FaultRow[],
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<readonly Outcome[]> {
  const world = await openWorld(rows);
  try {
    for (const [at, row] of rows.entries())
      for (const rule of rulesOf(row, world.placeOf(idOf(at)))) world.hub.faults.add(rule);
    const numbered = rows.map((row, at) => ({ row, place: world.placeOf(idOf(at)) }));
    return await mapConcurrent(numbered, TOGETHER, async ({ row, place }) => {
      const outcome = await outcomeOf(world, row, place);
      onOutcome(outcome);
      return outcome;
    });
  } finally {
    await Promise.all([world.hub.close(), ...world.fronts.map(({ close }) => close())]);
    rmSync(world.root, { recursive: true, force: true });
  }
}

async function outcomeOf({ hub }: World, row: FaultRow, place: Place): Promise<Outcome> {
  mkdirSync(place.work);
  row.prepare?.(place);
  const before = new Set(filesBelow(place.work));
  const { stopped, ...ran } = await run(row, place);
  const mine = [`/${place.id}/`, `/${folderAt(place.id)}/`];
  const requests = hub.journal.filter(({ path }) => mine.some((name) => path.includes(name))).length;
  const left = filesBelow(place.work).filter((name) => !before.has(name) && !row.leaves?.test(name));
  const outcome = { row, ...ran, requests };
  return { ...outcome, wrong: [...wrongWith(outcome, place, stopped), ...left.map((name) => `leaves ${name}`)] };
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

type Ran = Pick<Outcome, 'code' | 'stdout' | 'stderr' | 'seconds'>;

/** Every sentence of refusal says who, what and the way on; none shows how the program is made. */
function wrongWith(ran: Ran & Pick<Outcome, 'row' | 'requests'>, place: Place, stopped: number | null): string[] {
  const { row, code, stdout, stderr, requests, seconds } = ran;
  const wrong: string[] = [];
  if (code === null) wrong.push(`had to be killed after ${seconds.toFixed(0)} s`);
  else if (code !== row.exit) wrong.push(`exit ${code} where ${row.exit} is right`);
  // Findings are an answer, and stand on standard output.
  const told = row.exit === 2 && !row.answers ? stderr : stdout + stderr;
  for (const said of row.says) {
    const found = typeof said === 'function' ? told.includes(said(place)) : said.test(told);
    if (!found) wrong.push(`does not say ${typeof said === 'function' ? said(place) : said}`);
  }
  const all = stdout + stderr;
  if (/\[internal\]|^\s+at .*\(|node:internal|\bundefined\b|\[object /m.test(all)) wrong.push('shows its insides');
  if (/Signature=|Policy=|hf_(member|reader|owner)/.test(all)) wrong.push('shows a secret');
  if (row.never?.test(all)) wrong.push(`says ${row.never}`);
  if (row.exit === 2 && !/\. \[[a-z-]+\]$/m.test(told.trimEnd())) wrong.push('does not end in a sentence and its tag');
  const [last = ''] = stderr.trimEnd().split('\n').slice(-1);
  if (OF_A_SERVER.test(last) && !HOST.test(last)) wrong.push('does not name the host');
  if (requests > row.requests) wrong.push(`costs ${requests} requests where ${row.requests} are enough`);
  if (row.interruptAt && stopped === null) wrong.push(`never came to ${row.interruptAt}`);
  if (stopped !== null && stopped > STOP_SECONDS) wrong.push(`ended ${stopped.toFixed(1)} s after Ctrl-C`);
  return wrong;
}

function environment(row: FaultRow, place: Place): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !SETTING.test(name)) as [string, string][];
  const home = join(place.work, '..', 'nobody');
  return { ...Object.fromEntries(own), NO_COLOR: '1', HF_HOME: home, HF_ENDPOINT: place.hub, ...row.env?.(place) };
}

/** `stopped`: seconds from Ctrl-C to the end; null where it was not pressed. */
function run(row: FaultRow, place: Place): Promise<Ran & { readonly stopped: number | null }> {
  const args = row.args?.(place) ?? ['inspect', place.id];
  return new Promise((resolve) => {
    const start = performance.now();
    let pressed: number | null = null;
    let [stdout, stderr] = ['', ''];
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: place.work,
      env: environment(row, place),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), (row.seconds ?? SECONDS) * 1000);
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
      if (pressed !== null || !row.interruptAt?.test(stderr)) return;
      pressed = performance.now();
      child.kill('SIGINT');
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      const end = performance.now();
      const stopped = pressed === null ? null : (end - pressed) / 1000;
      resolve({ code, stdout, stderr, seconds: (end - start) / 1000, stopped });
    });
  });
}

/** The outcomes as a table: the fault, the exit code, requests and seconds, and the first line that speaks of it. */
export function describeFaults(outcomes: readonly Outcome[]): string[] {
  const width = Math.max(...outcomes.map(({ row }) => row.name.length));
  return outcomes.map(({ row, code, requests, seconds, stderr, wrong }) => {
    const last = stderr
      .trimEnd()
      .split('\n')
      .findLast((line) => line.startsWith('moe-loom: '));
    const first = last ?? stderr.split('\n', 1)[0] ?? '';
    const mark = wrong.length > 0 ? '!' : ' ';
    const numbers = `${code ?? '-'}${mark} ${String(requests).padStart(3)} ${seconds.toFixed(1).padStart(5)} s`;
    return `${row.name.padEnd(width)}  ${numbers}  ${first.replace(/^moe-loom: /, '')}`.trimEnd();
  });
}
