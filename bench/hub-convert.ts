/**
 * Converts two layers of Qwen3-235B-A22B (virtual, 9.66 GB of tensors) straight from a loopback Hub, whose quota is held to
 * and which resets one connection in the middle: with the built app in Chromium into browser storage, and with the built
 * command line into a folder. Bytes that the file servers sent against bytes that are needed. One JSON line.
 *
 *     npm run build && npm run bench:hub-convert [-- --layers 3,57 --folder /tmp]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { qwen3Moe235b } from '../e2e/support/hub/qwen3-moe.ts';
import { type HubServer, startHub } from '../e2e/support/hub/server.ts';
import { markUsed } from '../e2e/support/used-hub.ts';
import type { ConversionReport } from '../src/core/convert/report.ts';
import { serveApp } from './convert/chromium.ts';
import { type Cost, round, runProgram } from './convert/measure.ts';
import { BIN, reportIn } from './convert/node.ts';
import { withPlainBrowser } from './convert/plain-browser.ts';
import { convertPlainly } from './convert/plain-conversion.ts';

const { values: flags } = parseArgs({
  options: { layers: { type: 'string', default: '3,57' }, folder: { type: 'string', default: tmpdir() } },
});
const REPO = 'Qwen/Qwen3-235B-A22B';
/** The Hub's anonymous quota, in a window so short that a run meets it: 40 file addresses in 20 s. */
const QUOTA = { anonymous: { api: 500, resolvers: 40, pages: 100 }, windowSeconds: 20 } as const;
/** Opening reads 118 headers, one address each: that alone goes through the quota. */
const RESET_AFTER = 5_000_000;

function arm(hub: HubServer): void {
  hub.faults.clear();
  hub.clearJournal();
  hub.faults.add({ origin: 'hub', action: { type: 'quotaReal', ...QUOTA } });
  hub.faults.add({
    origin: 'cdn',
    rangeRe: /^bytes=\d{8,}-/,
    nth: 40,
    times: 1,
    action: { type: 'reset', afterBytes: RESET_AFTER },
  });
}

/** What the journal says of a run that cost this and wrote `report`. */
function account(hub: HubServer, report: ConversionReport, { seconds, peakBytes, idleBytes }: Cost) {
  const sent = hub.journal.filter(({ origin, method }) => origin === 'cdn' && method === 'GET');
  const headers = sent.filter(({ range }) => range !== null && /^bytes=0-/.test(range));
  const sum = (entries: typeof sent) => entries.reduce((total, { bytesSent }) => total + bytesSent, 0);
  const weights = sum(sent) - sum(headers);
  return {
    seconds: round(seconds),
    gb_per_second: round(report.bytes / 1e9 / seconds),
    over_idle_mib: round((peakBytes - idleBytes) / 2 ** 20, 0),
    bytes_needed: report.bytes,
    bytes_read: weights,
    read_over_needed: round(weights / report.bytes, 4),
    header_bytes: sum(headers),
    cdn_requests: sent.length,
    refused_by_quota: hub.journal.filter(({ status }) => status === 429).length,
    resets: hub.journal.filter(({ faults }) => faults.includes('reset')).length,
    tokens_leaked: hub.leaks.length,
    equal: report.verified.equal,
  };
}

async function inChromium(hub: HubServer, url: string) {
  arm(hub);
  return withPlainBrowser(flags.folder, async (page) => {
    const query = { endpoint: hub.url, repo: REPO, view: 'convert', target: 'stacked', layers: flags.layers };
    await page.before(`(${markUsed})(${JSON.stringify(hub.url)})`);
    await page.open(`${url}?${new URLSearchParams(query)}`);
    const { cost, report } = await convertPlainly(page);
    return account(hub, report, cost);
  });
}

async function inNode(hub: HubServer) {
  arm(hub);
  const out = mkdtempSync(join(flags.folder, 'moe-loom-hub-'));
  const words = ['convert', REPO, '--endpoint', hub.url, '--to', 'stacked', '--layers', flags.layers, '--out', out];
  try {
    const cost = await runProgram(process.execPath, [BIN, ...words, '--quiet', '--json']);
    return account(hub, reportIn(out), cost);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const hub = await startHub({ repos: [qwen3Moe235b({ layout: 'per-expert' })] });
const app = await serveApp();
try {
  const chromium = await inChromium(hub, app.url);
  const node = await inNode(hub);
  const line = {
    bench: 'hub-convert',
    repo: REPO,
    layers: flags.layers,
    chromium_to_opfs: chromium,
    node_to_folder: node,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  const good = [chromium, node].every(
    (run) => run.equal && run.resets === 1 && run.read_over_needed < 1.01 && run.tokens_leaked === 0,
  );
  process.exitCode = good ? 0 : 1;
} finally {
  await app.close();
  await hub.close();
}
process.exit();
