/**
 * Takes pictures of every view, light and dark, 1024 and 1600 wide, of the built app, into `screens/`, which git ignores.
 * Six of them are kept in `docs/screens`.
 *
 *     npm run build && npm run screenshots [-- name-part]
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from './browser.ts';
import type { FaultRule } from './hub/faults.ts';
import { allRepos } from './hub/main.ts';
import { startHub } from './hub/server.ts';
import { fused, PLANTED } from './planted.ts';
import { markUsed } from './used-hub.ts';

const folder = (path: string) => fileURLToPath(new URL(`../../${path}/`, import.meta.url));
const OUT = folder('screens');
const KEPT_IN = folder('docs/screens');
const KEPT: ReadonlySet<string> = new Set([
  'map-light-1600.png',
  'loads-light-1600.png',
  'convert-light-1600.png',
  'ranks-dark-1600.png',
  'compare-dark-1600.png',
  'memory-light-1600.png',
]);
const BIG = 'Qwen/Qwen3-235B-A22B';
const OFFLOADED = 'fsdp2,gpus:64,ep:64,cp:8,context:32768,offload:optimizer';
const CHOSEN = 'model.layers.93.mlp.experts.7.gate_proj.weight';

interface Shot {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Text that is on the page when it is ready. */
  readonly ready: RegExp;
  readonly act?: (page: Page) => Promise<void>;
  readonly fault?: FaultRule;
}

const SHOTS: readonly Shot[] = [
  { name: 'start', parameters: {}, ready: /Files never leave this machine/ },
  { name: 'map', parameters: { repo: BIG, view: 'map', layer: '5', expert: '7' }, ready: /of 11 programs load it/ },
  {
    name: 'map-stacked',
    parameters: { repo: 'moe-loom/Qwen3-235B-A22B-stacked', view: 'map' },
    ready: /No problem found/,
  },
  { name: 'map-defects', parameters: { repo: 'preset/missing-shard', view: 'map' }, ready: /missing/ },
  {
    name: 'map-values',
    parameters: { repo: 'preset/planted-values', statistic: 'rms', layer: '1', expert: '9' },
    ready: /Twins/,
    act: measure,
  },
  {
    name: 'map-values-table',
    parameters: { repo: 'preset/planted-values', statistic: 'rms' },
    ready: /Twins/,
    act: async (page) => {
      await measure(page);
      await page.getByRole('radio', { name: 'Table' }).click();
      await page.getByRole('table', { name: 'Values', exact: true }).waitFor();
    },
  },
  {
    name: 'map-values-question',
    parameters: { repo: BIG, statistic: 'max-abs', layers: '4-7' },
    ready: /from 127/,
    act: ask,
  },
  { name: 'tensors', parameters: { repo: BIG, view: 'tensors' }, ready: /36,945 tensors/ },
  {
    name: 'tensors-tree',
    parameters: { repo: BIG, view: 'tensors', as: 'tree', 'in-layers': '0-3,93', dtype: 'BF16', tensor: CHOSEN },
    ready: /Last values/,
  },
  {
    name: 'tensors-values',
    parameters: { repo: BIG, view: 'tensors', q: 'layers.93 gate_proj', tensor: CHOSEN },
    ready: /Different/,
    act: (page) => page.getByRole('button', { name: /^Count all values/ }).click(),
  },
  { name: 'loads', parameters: { repo: BIG, view: 'loads' }, ready: /of 11 programs load it/ },
  {
    name: 'loads-partial',
    parameters: { repo: 'preset/stacked-tiny', view: 'loads' },
    ready: /of 11 programs load it/,
  },
  {
    name: 'convert-unpack',
    parameters: { repo: 'preset/fp8-tiny', view: 'convert', target: 'stacked', unpack: 'bf16' },
    ready: /Programs that load the result/,
  },
  {
    name: 'convert',
    parameters: { repo: BIG, view: 'convert', target: 'stacked' },
    ready: /Programs that load the result/,
  },
  { name: 'ranks', parameters: { repo: BIG, view: 'ranks', ep: '64' }, ready: /64 ranks, 2 of 128/, act: pinRank },
  { name: 'compare-start', parameters: { repo: BIG, view: 'compare' }, ready: /Hub repo or revision/ },
  {
    name: 'compare',
    parameters: {
      repo: BIG,
      view: 'compare',
      layer: '5',
      expert: '7',
      with: 'moe-loom/Qwen3-235B-A22B-gate-up',
    },
    ready: /Every tensor has a match[\s\S]*MergeModulelist/,
  },
  {
    name: 'compare-values',
    parameters: { repo: 'tiny/qwen3-moe', view: 'compare', layer: '0', expert: '2' },
    ready: /pairs? compared:/,
    act: compareAll,
  },
  {
    name: 'memory',
    parameters: { repo: BIG, view: 'ranks', memory: OFFLOADED, against: 'fsdp2,gpus:64,ep:64,cp:8,context:32768' },
    ready: /rows, explained/,
  },
  {
    name: 'report',
    parameters: { repo: 'tiny/qwen3-moe', view: 'convert', target: 'gate-up' },
    ready: /all equal/,
    act: (page) => page.getByRole('button', { name: 'Start conversion' }).click(),
  },
  {
    name: 'parity',
    parameters: {
      repo: 'preset/per-expert-tiny',
      view: 'compare',
      with: 'preset/stacked-tiny',
      part: 'block',
      layer: '0',
      ep: '4',
    },
    ready: /The same output/,
    act: (page) => page.getByRole('button', { name: 'Compute layer 0' }).click(),
  },
  { name: 'gated', parameters: { repo: 'preset/gated-manual' }, ready: /is gated/ },
  {
    name: 'access',
    parameters: { repo: 'preset/gated-manual' },
    ready: /Keep on this device/,
    act: (page) => page.getByRole('button', { name: 'Sign in or enter a token' }).click(),
  },
  {
    name: 'unread',
    parameters: { repo: BIG, view: 'map' },
    ready: /files could not be read/,
    fault: { origin: 'cdn', pathRe: '-0001[12]-of', action: { type: 'ignoreRange', bps: 1000 } },
  },
  {
    name: 'paused',
    parameters: { repo: BIG, view: 'map' },
    ready: /All requests wait/,
    fault: { origin: 'hub', pathRe: '-00060-of', action: { type: 'rate429' } },
  },
];

async function ask(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Measure …' }).click();
}

async function measure(page: Page): Promise<void> {
  await ask(page);
  await page.getByRole('button', { name: /^Read [\d.]+ / }).click();
  await page.getByText(/^Measured /).waitFor();
}

/** Compares everything with a fused form in which two experts stand in each other's place. */
async function compareAll(page: Page): Promise<void> {
  const [, plant] = PLANTED[0] ?? [];
  if (!plant) throw new Error('nothing is planted');
  await page.getByLabel('Choose other folder').setInputFiles(await fused(plant));
  await page.getByRole('radio', { name: 'Everything' }).check();
  await page.getByRole('button', { name: 'Compare values' }).click();
}

async function pinRank(page: Page): Promise<void> {
  await page.getByRole('option', { name: /^Rank 5,/ }).click();
  await page.getByText('Only the slices it keeps').waitFor();
  await page.getByText(/Files read, 1–118$/).waitFor();
}

const [wanted = ''] = process.argv.slice(2);
const hub = await startHub({ repos: allRepos() });
const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
const base = server.resolvedUrls?.local[0] ?? '';
const { executablePath, args } = findBrowser(chromium.executablePath(), true);
const browser = await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: [...args] });
mkdirSync(OUT, { recursive: true });
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1024, 1600]) {
      for (const shot of SHOTS.filter(({ name }) => name.includes(wanted))) {
        // A profile each: what one picture chose, or has read and kept, is not the next one's.
        const context = await browser.newContext({
          colorScheme,
          viewport: { width, height: width === 1024 ? 768 : 900 },
        });
        const page = await context.newPage();
        if (shot.fault) hub.faults.add(shot.fault);
        await page.addInitScript(markUsed, hub.url);
        await page.goto(`${base}?${new URLSearchParams({ endpoint: hub.url, ...shot.parameters })}`);
        await shot.act?.(page);
        await page.getByText(shot.ready).first().waitFor();
        await page.evaluate(
          () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
        );
        const file = `${shot.name}-${colorScheme}-${width}.png`;
        await page.screenshot({ path: join(KEPT.has(file) ? KEPT_IN : OUT, file) });
        await context.close();
        hub.faults.clear();
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
  await hub.close();
}
