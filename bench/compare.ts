/**
 * Comparing two checkpoints: Qwen3-235B-A22B with its fused forms by their headers, in this process; and one layer of
 * Qwen3-30B-A3B's shape (128 experts of 768 × 2048, 1.2 GB a side) by value, per-expert beside gate-up, in real Chromium with a
 * profile on disk and both sides as local folders. One JSON line. `npm run build` first; the machine should do nothing else.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../e2e/support/browser.ts';
import {
  indexJson,
  QWEN3_235B,
  qwen3MoeConfig,
  shardName,
  type VirtualLayout,
  virtualShards,
} from '../e2e/support/hub/qwen3-moe.ts';
import { correspond } from '../src/core/index.ts';
import { qwen3Checkpoint } from '../src/core/ranks/qwen3-235b.fixture.ts';

const RUNS = 9;
const DIMS = { ...QWEN3_235B, layers: 1, hidden: 2048, heads: 32, moeIntermediate: 768, vocab: 4096 };
const PIECE = 64e6;

/** Milliseconds that matching all of Qwen3-235B takes, the median after a first run. */
function matchHeaders(layout: VirtualLayout) {
  const [left, right] = [qwen3Checkpoint('per-expert', 4e9), qwen3Checkpoint(layout, 5e9)];
  const times: number[] = [];
  let pairs = 0;
  for (let run = 0; run <= RUNS; run += 1) {
    const start = performance.now();
    const found = correspond(left, right);
    if (run > 0) times.push(performance.now() - start);
    if (!found.equal) throw new Error('matched something else');
    pairs = found.entries.length;
  }
  return { layout, pairs, ms: Math.round(times.sort((a, b) => a - b)[RUNS >> 1] ?? Number.NaN) };
}

/** Writes one layer in a layout; two layouts hold the same weights. */
function writeLayer(folder: string, layout: VirtualLayout): string {
  const path = join(folder, layout);
  mkdirSync(path);
  const shards = virtualShards({ dims: DIMS, layout, seed: 'bench', maxShardBytes: 1e9 });
  for (const [at, { body }] of shards.entries()) {
    const file = openSync(join(path, shardName(at, shards.length)), 'w');
    for (let from = 0; from < body.size; from += PIECE) {
      writeSync(file, body.read(from, Math.min(body.size, from + PIECE)));
    }
    closeSync(file);
  }
  writeFileSync(join(path, 'model.safetensors.index.json'), indexJson(shards));
  writeFileSync(join(path, 'config.json'), JSON.stringify(qwen3MoeConfig(DIMS)));
  return path;
}

/** Most bytes that any renderer held, in MB. */
async function mostMemory(context: BrowserContext): Promise<number> {
  const browser = context.browser();
  if (!browser) throw new Error('The profile has no browser.');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as {
    processInfo: { type: string; id: number }[];
  };
  const most = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1000);
  return Math.round(Math.max(...most));
}

async function compareValues(base: string, left: string, right: string, profile: string) {
  const { executablePath, args } = findBrowser(chromium.executablePath(), true);
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...args],
    viewport: { width: 1280, height: 800 },
  });
  try {
    const page = await context.newPage();
    await page.goto(base);
    await page.getByLabel('Choose folder').setInputFiles(left);
    await page.getByText(/No problem found/).waitFor({ timeout: 120_000 });
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Compare' }).click();
    const opened = performance.now();
    await page.getByLabel('Choose other folder').setInputFiles(right);
    await page.getByRole('heading', { name: 'Same headers' }).waitFor({ timeout: 120_000 });
    const matched = performance.now() - opened;
    await page.getByRole('grid', { name: 'Layers by experts, left' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('radio', { name: 'All experts of its layer' }).check();
    await page.evaluate(() => {
      const tasks: number[] = [0];
      Object.assign(window, { tasks });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push(entry.duration);
      }).observe({ type: 'longtask' });
    });
    const start = performance.now();
    await page.getByRole('button', { name: 'Compare values' }).click();
    await page.getByText(/384 pairs compared:/).waitFor({ timeout: 600_000 });
    const seconds = (performance.now() - start) / 1000;
    const outcome = await page.getByText(/384 byte-identical/).count();
    if (outcome === 0) throw new Error('The two forms are not equal.');
    const longest = await page.evaluate(() => Math.max(...(window as unknown as { tasks: number[] }).tasks));
    return { matched, seconds, longest, memory: await mostMemory(context) };
  } finally {
    await context.close();
  }
}

const headers = (['stacked', 'gate-up'] as const).map(matchHeaders);
const folder = mkdtempSync(join(tmpdir(), 'moe-loom-bench-'));
const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
try {
  const [left, right] = [writeLayer(folder, 'per-expert'), writeLayer(folder, 'gate-up')];
  const base = server.resolvedUrls?.local[0] ?? '';
  const { matched, seconds, longest, memory } = await compareValues(base, left, right, join(folder, 'profile'));
  const bytes = 3 * DIMS.experts * DIMS.moeIntermediate * DIMS.hidden * 2;
  const values = {
    bytes_each_side: bytes,
    opened_and_matched_ms: Math.round(matched),
    seconds: Number(seconds.toFixed(2)),
    gb_per_second_both_sides: Number(((2 * bytes) / 1e9 / seconds).toFixed(2)),
    longest_main_thread_task_ms: Math.round(longest),
    renderer_most_mb: memory,
  };
  process.stdout.write(`${JSON.stringify({ bench: 'compare', runs: RUNS, headers, values })}\n`);
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
