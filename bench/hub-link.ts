/**
 * How much of a line a conversion from a Hub keeps busy: a loopback Hub in a separate process limits all its answers
 * together to 1 Gb/s and to 10 Gb/s and answers each request after 20 ms. The built command line converts a layer of
 * Qwen3-235B's shapes into a folder, the built app in Chromium into browser storage; the floor is a plain download of as
 * many bytes from the same Hub in ranges of the same size and number, by `fetch` of Node and of Chromium. One JSON line.
 *
 *     npm run build && npm run bench:hub-link [-- --quick --folder /tmp]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { JournalEntry } from '../e2e/support/hub/exchange.ts';
import { markUsed } from '../e2e/support/used-hub.ts';
import type { ConversionReport } from '../src/core/convert/report.ts';
import { serveApp } from './convert/chromium.ts';
import { round, runProgram } from './convert/measure.ts';
import { BIN, reportIn } from './convert/node.ts';
import { type PlainPage, withPlainBrowser } from './convert/plain-browser.ts';
import { convertPlainly } from './convert/plain-conversion.ts';
import { PLAIN_DOWNLOAD, type PlainDownload, rangesFrom } from './link/plain-download.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, folder: { type: 'string', default: tmpdir() } },
});
const REPO = 'shaped/qwen3-moe';
const ROUND_TRIP_MS = 20;
/** As the conversion: ranges of 16 MiB, six at once. */
const RANGE_BYTES = 16 * 2 ** 20;
const PARALLEL = 6;
/** A layer of 0.6 GB, and of 5 GB. */
const EXPERTS = flags.quick ? 16 : 128;
/** Answers of fewer bytes are headers and listings. */
const WEIGHT_BYTES = 64 * 1024;

interface ShapedHub {
  readonly url: string;
  readonly controlUrl: string;
}

async function withShapedHub<T>(gbps: number, use: (hub: ShapedHub) => Promise<T>): Promise<T> {
  const script = fileURLToPath(new URL('./link/shaped-hub.ts', import.meta.url));
  const words = ['--repo', REPO, '--gbps', String(gbps), '--rtt', String(ROUND_TRIP_MS), '--experts', String(EXPERTS)];
  const child = spawn(process.execPath, [...process.execArgv, script, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const [line] = await once(createInterface(child.stdout), 'line');
    return await use(JSON.parse(String(line)) as ShapedHub);
  } finally {
    child.stdin.end();
    await ended;
  }
}

/** What the journal says of the weights since it was cleared. */
async function onWire({ controlUrl }: ShapedHub) {
  const journal = (await (await fetch(`${controlUrl}/__log`)).json()) as JournalEntry[];
  await fetch(`${controlUrl}/__log`, { method: 'DELETE' });
  const weights = journal.filter(
    ({ origin, method, range, bytesSent }) =>
      origin === 'cdn' && method === 'GET' && bytesSent >= WEIGHT_BYTES && !/^bytes=0-/.test(range ?? ''),
  );
  const bytes = weights.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  const first = Math.min(...weights.map(({ t }) => t));
  const last = Math.max(...weights.map(({ ended }) => ended));
  return { bytes, seconds: (last - first) / 1000 };
}

/** A conversion: bytes a second from its first request for weights to its last byte, and seconds with writing and proof. */
async function account(hub: ShapedHub, report: ConversionReport, seconds: number) {
  const wire = await onWire(hub);
  return {
    mb_per_second: round(wire.bytes / 1e6 / wire.seconds, 1),
    wire_seconds: round(wire.seconds),
    seconds: round(seconds),
    bytes_read: wire.bytes,
    bytes_needed: report.bytes,
    equal: report.verified.equal,
  };
}

async function inNode(hub: ShapedHub) {
  const out = mkdtempSync(join(flags.folder, 'moe-loom-link-'));
  const words = ['convert', REPO, '--endpoint', hub.url, '--to', 'stacked', '--layers', '0', '--out', out];
  try {
    const { seconds } = await runProgram(process.execPath, [BIN, ...words, '--quiet', '--json']);
    return await account(hub, reportIn(out), seconds);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The file's signed address: a HEAD without Range gives one that serves every range. */
async function signedAddress({ url }: ShapedHub): Promise<string> {
  const file = `${url}/${REPO}/resolve/main/model.safetensors`;
  const location = (await fetch(file, { method: 'HEAD', redirect: 'manual' })).headers.get('Location');
  if (location === null) throw new Error('the Hub gives no signed address');
  return location;
}

type Download = (url: string, ranges: readonly (readonly number[])[], parallel: number) => Promise<PlainDownload>;

async function plainly(hub: ShapedHub, total: number, download: Download): Promise<number> {
  const { bytes, seconds } = await download(
    await signedAddress(hub),
    rangesFrom(RANGE_BYTES, total, RANGE_BYTES),
    PARALLEL,
  );
  await onWire(hub);
  if (bytes !== total) throw new Error(`${bytes} of ${total} bytes came`);
  return round(bytes / 1e6 / seconds, 1);
}

const downloadHere: Download = async (...given) => {
  const download = new Function(`return ${PLAIN_DOWNLOAD}`)() as (...all: unknown[]) => Promise<PlainDownload>;
  return download(...given, false);
};
const downloadIn =
  (page: PlainPage): Download =>
  (...given) =>
    page.evaluate(`(${PLAIN_DOWNLOAD})(...${JSON.stringify([...given, true])})`);

async function inChromium(hub: ShapedHub, app: string, total: number) {
  return withPlainBrowser(flags.folder, async (page) => {
    const query = { endpoint: hub.url, repo: REPO, view: 'convert', target: 'stacked', layers: '0' };
    await page.before(`(${markUsed})(${JSON.stringify(hub.url)})`);
    await page.open(`${app}?${new URLSearchParams(query)}`);
    const { cost, report } = await convertPlainly(page);
    const conversion = await account(hub, report, cost.seconds);
    return { plain_mb_per_second: await plainly(hub, total, downloadIn(page)), ...conversion };
  });
}

function measure(app: string, gbps: number) {
  return withShapedHub(gbps, async (hub) => {
    const load = round(loadavg()[0] ?? 0, 1);
    process.stderr.write(`${gbps} Gb/s, load ${load} …\n`);
    const conversion = await inNode(hub);
    const total = conversion.bytes_needed;
    const node = { plain_mb_per_second: await plainly(hub, total, downloadHere), ...conversion };
    const chromium = await inChromium(hub, app, total);
    return { link_mb_per_second: gbps * 125, load_before: load, node_to_folder: node, chromium_to_opfs: chromium };
  });
}

const app = await serveApp();
try {
  const one = await measure(app.url, 1);
  const ten = await measure(app.url, 10);
  const line = {
    ...{ bench: 'hub-link', quick: flags.quick, round_trip_ms: ROUND_TRIP_MS, ranges_at_once: PARALLEL },
    ...{ one_gbps: one, ten_gbps: ten },
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} finally {
  await app.close();
}
process.exit();
