/**
 * A layer of the real shape of Qwen3-30B-A3B (128 experts of 768 × 2048, bfloat16, 1.2 GB, generated) computed in Chromium
 * from local files in every form: memory of all the browser's processes over idle, the longest task of the page's main
 * thread, progress, how fast a cancel ends it. One JSON line.
 *
 *     npm run build && npm run bench:parity
 */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../e2e/support/browser.ts';
import { bf16FromF32 } from '../src/core/kernels/float.ts';
import { layoutHeader, type TensorSpec } from '../src/core/safetensors/write-header.ts';

const EXPERTS = 128;
const HIDDEN = 2048;
const INTERMEDIATE = 768;
const SAMPLE_MS = 200;
const PREFIX = 'model.layers.0.mlp';

const CONFIG = {
  model_type: 'qwen3_moe',
  hidden_size: HIDDEN,
  moe_intermediate_size: INTERMEDIATE,
  num_experts: EXPERTS,
  num_experts_per_tok: 8,
  norm_topk_prob: true,
  hidden_act: 'silu',
  num_hidden_layers: 1,
  decoder_sparse_step: 1,
  mlp_only_layers: [],
};

/** One shard of one layer, every expert with numbers of its own. */
function writeCheckpoint(folder: string): number {
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(CONFIG));
  const experts = Array.from({ length: EXPERTS }, (_, expert) => expert).flatMap((expert): TensorSpec[] => [
    { name: `${PREFIX}.experts.${expert}.down_proj.weight`, dtype: 'BF16', shape: [HIDDEN, INTERMEDIATE] },
    { name: `${PREFIX}.experts.${expert}.gate_proj.weight`, dtype: 'BF16', shape: [INTERMEDIATE, HIDDEN] },
    { name: `${PREFIX}.experts.${expert}.up_proj.weight`, dtype: 'BF16', shape: [INTERMEDIATE, HIDDEN] },
  ]);
  const laid = layoutHeader(
    [...experts, { name: `${PREFIX}.gate.weight`, dtype: 'BF16', shape: [EXPERTS, HIDDEN] }],
    new Map([['format', 'pt']]),
  );
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, laid.bytes);
  let at = laid.bytes.byteLength;
  for (const [seed, info] of laid.tensors.entries()) {
    const bytes = randomBf16(info.end - info.start, seed);
    for (let done = 0; done < bytes.byteLength; )
      done += writeSync(file, bytes, done, bytes.byteLength - done, at + done);
    at += bytes.byteLength;
  }
  closeSync(file);
  return at;
}

const codes = Uint16Array.from({ length: 65_536 }, (_, at) => {
  const value = new Float32Array([((at * 40_503) % 65_536) / 32_768 - 1]);
  return bf16FromF32((new Uint32Array(value.buffer)[0] ?? 0) ^ 0) & 0xffff;
});

/** bfloat16 numbers between −0.04 and 0.04, as trained ones lie. */
function randomBf16(length: number, seed: number): Uint8Array {
  const words = new Uint16Array(length / 2);
  const scaled = codes.map((code) => {
    const value = new Float32Array(new Uint32Array([code << 16]).buffer)[0] ?? 0;
    return bf16FromF32(new Uint32Array(new Float32Array([value * 0.04]).buffer)[0] ?? 0);
  });
  let state = (seed + 1) * 2_654_435_761;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[i] = scaled[state >>> 16] ?? 0;
  }
  return new Uint8Array(words.buffer);
}

/** Proportional set size of a process and all below it, in bytes. */
function memoryBelow(root: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {}
  }
  const below = (id: number): boolean => id === root || (parents.has(id) && below(parents.get(id) ?? 0));
  let bytes = 0;
  for (const id of parents.keys()) {
    try {
      if (below(id))
        bytes += 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {}
  }
  return bytes;
}

/** The browser's own first process: it carries the profile's folder in its command line and no type. */
function browserProcess(profile: string): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      if (command.includes(profile) && !command.includes('--type=') && !command.startsWith('node')) return Number(name);
    } catch {}
  }
  throw new Error('the browser was not found among the processes');
}

interface LongTasks {
  __tasks?: { readonly at: number; readonly ms: number }[];
}

async function observeTasks(page: Page): Promise<void> {
  await page.evaluate(() => {
    const kept = globalThis as LongTasks;
    const tasks: { at: number; ms: number }[] = [];
    kept.__tasks = tasks;
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) tasks.push({ at: startTime, ms: duration });
    }).observe({ type: 'longtask' });
  });
}

const work = mkdtempSync(join(tmpdir(), 'moe-loom-bench-'));
const profile = join(work, 'profile');
const folder = join(work, 'layer');
const bytes = writeCheckpoint(folder);
const isolated = process.argv.includes('--isolated');
const headers = isolated
  ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
  : {};
const server = await preview({
  root: fileURLToPath(new URL('..', import.meta.url)),
  preview: { host: '127.0.0.1', port: 0, headers },
  logLevel: 'error',
});
const { executablePath, args } = findBrowser(chromium.executablePath(), true);
const context = await chromium.launchPersistentContext(profile, {
  args: [...args],
  ...(executablePath === undefined ? {} : { executablePath }),
});
try {
  const page = await context.newPage();
  await page.goto(`${server.resolvedUrls?.local[0]}`);
  await page.locator('input[type=file][webkitdirectory]').setInputFiles(folder);
  await page.getByRole('link', { name: 'Compare' }).click();
  const button = page.getByRole('button', { name: 'Compute layer 0' });
  await button.waitFor();
  await observeTasks(page);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const root = browserProcess(profile);
  const idle = memoryBelow(root);
  let peak = idle;
  const timer = setInterval(() => {
    peak = Math.max(peak, memoryBelow(root));
  }, SAMPLE_MS);
  const start = performance.now();
  const clicked = await page.evaluate(() => performance.now());
  await button.click();
  const progress = page.getByRole('progressbar').first();
  const seen = new Set<string>();
  const done = page.getByText(/The same output|Different outputs/).waitFor({ timeout: 1_200_000 });
  let finished = false;
  void done.then(() => {
    finished = true;
  });
  while (!finished) {
    seen.add((await progress.getAttribute('value', { timeout: 1000 }).catch(() => '')) ?? '');
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  await done;
  const seconds = (performance.now() - start) / 1000;
  const verdict = await page
    .getByText(/The same output|Different outputs/)
    .first()
    .innerText();
  const pairs = await page
    .getByRole('table', { name: /Every pair/ })
    .getByRole('cell')
    .allInnerTexts();
  const threads = await page.getByText(/onnxruntime-web [\d.]+ on/).innerText();
  const tasks = await page.evaluate(() => (globalThis as LongTasks).__tasks ?? []);
  const longest = Math.max(0, ...tasks.map(({ ms }) => ms));
  await button.click();
  await page.getByText(/Now: stacked/).waitFor({ timeout: 300_000 });
  const cancelled = performance.now();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('You stopped the computation').waitFor();
  const cancelMs = performance.now() - cancelled;
  clearInterval(timer);
  const result = {
    bench: 'parity',
    experts: EXPERTS,
    hidden: HIDDEN,
    intermediate: INTERMEDIATE,
    checkpoint_bytes: bytes,
    isolated,
    runtime: threads,
    verdict,
    differences: pairs.filter((text) => /^\d(\.\d+)?(e-?\d+)?$/.test(text)),
    seconds: Number(seconds.toFixed(1)),
    idle_mib: Math.round(idle / 2 ** 20),
    peak_over_idle_mib: Math.round((peak - idle) / 2 ** 20),
    longest_task_ms: Math.round(longest),
    tasks_over_50_ms: tasks.map(({ at, ms }) => [Math.round(at - clicked), Math.round(ms)]),
    progress_values: seen.size,
    cancel_ms: Math.round(cancelMs),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await context.close();
  await server.close();
  rmSync(work, { recursive: true, force: true });
}
