/**
 * The drawings: geometry of a layer in milliseconds (Node), and in a real Chromium the time from the press to the first strip,
 * and frames of strips that are scrolled and zoomed. Qwen3-235B-A22B and a model of half a million tensors, headers only.
 * One JSON line. `npm run build` first; the machine should do nothing else.
 *
 *     npm run bench:drawings
 */
import { loadavg } from 'node:os';
import { chromium, type Page } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../e2e/support/browser.ts';
import { QWEN3_235B, qwen3Moe, qwen3Moe235b } from '../e2e/support/hub/qwen3-moe.ts';
import { startHub } from '../e2e/support/hub/server.ts';
import { markUsed } from '../e2e/support/used-hub.ts';
import { openCheckpoint } from '../src/core/checkpoint/open.ts';
import { createPairDrawer } from '../src/core/compare/pair-drawer.ts';
import { createManners } from '../src/core/hub/manners.ts';
import { openHubRepo } from '../src/core/hub/repo.ts';
import { correspond, createLayerDrawer, detectLayout, modelReads, planConversion } from '../src/core/index.ts';
import { glyphOf } from '../src/core/layouts/drawing/glyph.ts';
import { layerStrip } from '../src/core/layouts/drawing/layer-strip.ts';
import { createFlows } from '../src/core/plan/flow.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const FUSED = 'moe-loom/Qwen3-235B-A22B-stacked';
const GIANT = 'bench/half-a-million';
const FRAMES = 180;

const round = (value: number) => Number(value.toFixed(2));
function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN);
}

const loadBefore = loadavg()[0] ?? 0;
const half = { ...QWEN3_235B, layers: 217, experts: 764 };
const hub = await startHub({
  repos: [
    qwen3Moe235b({ layout: 'per-expert' }),
    qwen3Moe(FUSED, { dims: QWEN3_235B, layout: 'stacked', seed: 'fused', maxShardBytes: 4e9 }),
    qwen3Moe(GIANT, { dims: half, layout: 'per-expert', seed: 'half', maxShardBytes: 40e9 }),
  ],
});

const openRepo = async (repo: string) =>
  openCheckpoint(await openHubRepo(repo, { endpoint: hub.url, ...createManners() }));

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Milliseconds of a layer's flow into a stacked checkpoint, and of its ribbons to the fused form, once both are planned and paired. */
async function pairs() {
  const [original, fused] = [await openRepo(BIG), await openRepo(FUSED)];
  const layout = detectLayout(original);
  const flows = createFlows(planConversion(original, 'stacked'), original, layout);
  flows.layer(0);
  const flow = layout.groups.map((_, at) => timed(() => flows.layer(at)));
  const found = correspond(original, fused);
  const drawer = createPairDrawer(found, original, fused);
  drawer.picture(0);
  const pair = [...found.groups.keys()].map((at) => timed(() => drawer.layers(at)));
  const painted = [...found.groups.keys()].map((at) => timed(() => drawer.picture(at)));
  return {
    flow_p50_ms: percentile(flow, 0.5),
    flow_p95_ms: percentile(flow, 0.95),
    pair_p50_ms: percentile(pair, 0.5),
    pair_p95_ms: percentile(pair, 0.95),
    pair_picture_p50_ms: percentile(painted, 0.5),
  };
}

/** Milliseconds of all files once, then of a layer: its geometry as values, and drawn with its texts and reads. */
async function geometry(repo: string) {
  const checkpoint = await openRepo(repo);
  const layout = detectLayout(checkpoint);
  const drawer = createLayerDrawer(checkpoint, layout);
  const all = timed(() => drawer.strips());
  const strips = drawer.strips();
  const values = layout.groups.map((group, at) =>
    timed(() => {
      layerStrip(strips, group, at);
      glyphOf(group);
    }),
  );
  const layers = layout.groups.map((_, at) =>
    timed(() => {
      drawer.strip(at);
      drawer.glyph(at);
      drawer.notes(at);
    }),
  );
  return {
    tensors: checkpoint.tensors.size,
    all_files_ms: round(all),
    layer_p50_ms: percentile(values, 0.5),
    layer_p95_ms: percentile(values, 0.95),
    drawn_p50_ms: percentile(layers, 0.5),
    drawn_p95_ms: percentile(layers, 0.95),
    model_reads_ms: round(timed(() => modelReads(checkpoint, layout))),
  };
}

/** Milliseconds between the frames of a page in which the strips are scrolled or zoomed a little each time. */
async function frames(page: Page, what: 'down' | 'along' | 'zoom'): Promise<readonly number[]> {
  return page.evaluate(
    async ([kind, count]) => {
      const element = document.querySelector('.grid-scroller');
      if (!element) throw new Error('There are no strips.');
      const found: number[] = [];
      let last = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      for (let at = 0; at < count; at += 1) {
        if (kind === 'down') element.scrollTo(0, at * 12);
        else if (kind === 'along') element.scrollTo(at * 40, 0);
        else {
          const deltaY = at % 60 < 30 ? -12 : 12;
          element.dispatchEvent(new WheelEvent('wheel', { ctrlKey: true, deltaY, clientX: 640, cancelable: true }));
        }
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        found.push(now - last);
        last = now;
      }
      return found;
    },
    [what, FRAMES] as const,
  );
}

function told(deltas: readonly number[]) {
  return { p50_ms: percentile(deltas, 0.5), p95_ms: percentile(deltas, 0.95), most_ms: round(Math.max(...deltas)) };
}

/** In the page: notes when the findings of the open checkpoint are there, and when a strip of its layer is drawn. */
function watchFirst(): void {
  const seen: Record<string, number> = {};
  Object.assign(globalThis, { firstSeen: seen });
  new MutationObserver(() => {
    if (document.body?.textContent?.includes('No problem found')) seen.headers ??= performance.now();
    if (document.querySelectorAll('.layer-pictures svg').length > 1) seen.strip ??= performance.now();
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

/** Milliseconds from the last header's arrival on the page to the strip of the first layer. */
async function firstLayer(page: Page): Promise<number> {
  await page.waitForFunction(() => 'strip' in (Reflect.get(globalThis, 'firstSeen') as object));
  const seen = await page.evaluate(() => Reflect.get(globalThis, 'firstSeen') as Record<string, number>);
  return round((seen.strip ?? Number.NaN) - (seen.headers ?? Number.NaN));
}

/** Milliseconds from the press on Files to the end of the frame in which the strips are painted, by the page's own clock. */
async function pressed(page: Page): Promise<number> {
  const button = await page.getByRole('radio', { name: 'Files' }).elementHandle();
  return page.evaluate(async (element) => {
    const start = performance.now();
    (element as HTMLElement).click();
    // A canvas is sized where it is painted; 300 is the width that it has before.
    while ((document.querySelector<HTMLCanvasElement>('.file-strips canvas')?.width ?? 300) === 300)
      await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => setTimeout(resolve, 0));
    return performance.now() - start;
  }, button);
}

async function strips(page: Page) {
  const first = await pressed(page);
  await page.getByRole('grid', { name: 'Files, byte by byte' }).waitFor();
  const down = await frames(page, 'down');
  for (let step = 0; step < 9; step += 1) await page.getByRole('button', { name: 'Wider' }).click();
  const along = await frames(page, 'along');
  const zoom = await frames(page, 'zoom');
  return { first_strip_ms: round(first), down: told(down), along: told(along), zoom: told(zoom) };
}

const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
const base = server.resolvedUrls?.local[0] ?? '';
const { executablePath, args } = findBrowser(chromium.executablePath(), true);
const browser = await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: [...args] });

async function inBrowser(repo: string) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(markUsed, hub.url);
  await page.addInitScript(watchFirst);
  await page.goto(`${base}?${new URLSearchParams({ endpoint: hub.url, repo, view: 'map' })}`);
  await page.getByText(/No problem found/).waitFor({ timeout: 120_000 });
  const layer = await firstLayer(page);
  // A reader looks at the map before the press.
  await page.waitForTimeout(1_500);
  const found = await strips(page);
  await context.close();
  return { first_layer_ms: layer, ...found };
}

const result = {
  bench: 'drawings',
  // Above the number of processors, times by the clock are those of the queue.
  load_before: round(loadBefore),
  two: await pairs(),
  geometry: { per_expert: await geometry(BIG), stacked: await geometry(FUSED), half_a_million: await geometry(GIANT) },
  strips: { per_expert: await inBrowser(BIG), stacked: await inBrowser(FUSED), half_a_million: await inBrowser(GIANT) },
};
await browser.close();
await server.close();
await hub.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
