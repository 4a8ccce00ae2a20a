/**
 * Switching expert parallelism at 94 layers × 128 experts × 64 ranks: the computation alone, and in Chromium on the built
 * app from the click to the frame that shows it. One JSON line, milliseconds. `npm run build` first; the machine should do
 * nothing else.
 */
import { availableParallelism, loadavg } from 'node:os';
import { type Browser, chromium, type Page } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../e2e/support/browser.ts';
import { planPlacement, type RankOptions, refusalOf, summarize } from '../src/core/programs/placing.ts';
import { heldBytes } from '../src/core/ranks/bytes.ts';
import { createFileCounter } from '../src/core/ranks/file-bytes.ts';
import { divisorsOfExperts, firstHolders, imbalance } from '../src/core/ranks/placement.ts';
import { qwen3Model } from '../src/core/ranks/qwen3-235b.fixture.ts';
import { expertsOf, type RankModel } from '../src/core/ranks/summary.ts';
import type { Placement } from '../src/core/ranks/types.ts';

const RUNS = 21;
/** How often the page is opened again. */
const VISITS = 10;
/** As long as a person needs at least between two clicks that mean something. */
const PAUSE_MS = 300;
const RANKS = 64;
const TURNS = [8, 16, 32, RANKS] as const;
/** Qwen3-235B-A22B's headers, which the app brings along. */
const SAMPLE = 'qwen3-235b-a22b';
/** What the app promises from a click to paint, computation included. */
const GOAL_MS = 50;

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return Math.round(found * 100) / 100;
}

function time(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function placementOf(model: RankModel, options: RankOptions): Placement {
  const placement = planPlacement(options, model.facts);
  if ('error' in placement) throw new Error(placement.error);
  return placement;
}

/** What the view needs after a switch: placement, EP choices, colours, bars, experts, evenness, and bytes of every file by rank. */
function switchTo(model: RankModel, options: RankOptions): number {
  const placement = placementOf(model, options);
  const { holders } = firstHolders(placement);
  const choices = divisorsOfExperts(model.facts).map((ep) => refusalOf({ ...options, ep }, model.facts));
  const bars = heldBytes(model.tensorIndex, placement);
  const experts = placement.ranks.map(({ rank }) => expertsOf(placement, rank));
  const filesOf = createFileCounter(model.tensorIndex, placement);
  const files = placement.ranks.map(({ rank }) => filesOf(rank));
  const arrays = [holders, choices, bars, experts, files];
  return arrays.reduce((sum, each) => sum + each.length, imbalance(placement).experts);
}

function measure(layout: 'per-expert' | 'stacked') {
  const start = performance.now();
  const model = qwen3Model(layout, layout === 'per-expert' ? 4e9 : 5e9);
  const made = performance.now() - start;
  const runs = Array.from({ length: RUNS }, (_, run) => {
    const ep = TURNS[run % TURNS.length] ?? RANKS;
    return time(() => switchTo(model, { framework: 'torchtitan', ep, dp: RANKS }));
  });
  const options = { framework: 'transformers-5', ep: RANKS } as const;
  const all = Array.from({ length: 5 }, () => time(() => summarize(model, options)));
  return {
    tensors: model.tensorIndex.tensors.length,
    checkpoint_and_model_ms: Math.round(made),
    switch_ms: percentile(runs, 0.5),
    switch_first_ms: percentile(runs.slice(0, 1), 0),
    every_ranks_ranges_ms: percentile(all, 0.5),
  };
}

/** When what a click asked for was painted: placement and bars, and the strips of files. */
interface Painted {
  readonly placement: number;
  readonly files: number;
}

interface Watched {
  /** Promises both times for the placement of this name, counted from the next click. */
  watch?: (name: string) => Promise<Painted>;
}

/** Makes the page tell when a placement is on screen: both drawings carry its name once they are drawn. */
async function listen(page: Page): Promise<void> {
  // The bundler gives functions their names by a helper that the page does not have.
  await page.evaluate('globalThis.__name = (named) => named');
  await page.evaluate(() => {
    let [clicked, wanted] = [0, ''];
    let found: { placement?: number; files?: number } = {};
    let tell: ((painted: Painted) => void) | null = null;
    addEventListener(
      'click',
      (event) => {
        clicked = event.timeStamp;
      },
      true,
    );
    Object.assign(window, {
      watch: (name: string) =>
        new Promise<Painted>((resolve) => {
          [wanted, found, tell] = [name, {}, resolve];
        }),
    });
    new MutationObserver((changes) => {
      for (const { attributeName, target } of changes) {
        if ((target as HTMLElement).getAttribute(attributeName ?? '') !== wanted) continue;
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          found[attributeName === 'data-painted' ? 'placement' : 'files'] = performance.now() - clicked;
          const { placement, files } = found;
          if (placement !== undefined && files !== undefined) tell?.({ placement, files });
        };
        // A canvas is painted inside a frame, whose picture comes before the message; the strips before one.
        if (attributeName === 'data-painted') channel.port2.postMessage(null);
        else requestAnimationFrame(() => channel.port2.postMessage(null));
      }
    }).observe(document.body, { subtree: true, attributeFilter: ['data-painted', 'data-counted'] });
  });
}

async function click(page: Page, ep: number): Promise<Painted> {
  const painted = page.evaluate(
    (name) => (window as unknown as Required<Watched>).watch(name),
    `EP ${ep} of ${RANKS} ranks`,
  );
  await page.getByRole('button', { name: `EP ${ep}`, exact: true }).click();
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`EP ${ep} never came`)), 10_000));
  return Promise.race([painted, late]);
}

async function open(browser: Browser, base: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  const query = { sample: SAMPLE, view: 'ranks', framework: 'torchtitan', ep: '4', dp: String(RANKS) };
  await page.goto(`${base}?${new URLSearchParams(query)}`);
  await page.locator(`[data-counted="EP 4 of ${RANKS} ranks"]`).waitFor();
  await listen(page);
  return page;
}

/**
 * Sizes that were not looked at before, and going back to them. `at_once` clicks as soon as the answer before is painted,
 * while the app still makes the other sizes' pictures; otherwise a person's pause comes first.
 */
async function switchToPaint(browser: Browser, base: string) {
  const [first, atOnce, again]: Painted[][] = [[], [], []];
  for (let visit = 0; visit < VISITS; visit++) {
    const pausing = visit % 2 === 0;
    const page = await open(browser, base);
    for (const ep of TURNS) {
      if (pausing) await page.waitForTimeout(PAUSE_MS);
      (pausing ? first : atOnce)?.push(await click(page, ep));
    }
    for (const ep of TURNS) again?.push(await click(page, ep));
    await page.close();
  }
  return { first: summaryOf(first), first_at_once: summaryOf(atOnce), again: summaryOf(again) };
}

function summaryOf(times: readonly Painted[] = []) {
  const placement = times.map((time) => time.placement);
  const files = times.map((time) => time.files);
  return {
    switches: times.length,
    painted_p50_ms: percentile(placement, 0.5),
    painted_p95_ms: percentile(placement, 0.95),
    files_painted_p50_ms: percentile(files, 0.5),
    files_painted_p95_ms: percentile(files, 0.95),
  };
}

async function measurePaint() {
  const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  const { executablePath, args } = findBrowser(chromium.executablePath(), true);
  const own = executablePath === undefined ? {} : { executablePath };
  const base = server.resolvedUrls?.local[0] ?? '';
  // Frames as fast as they are drawn: what is measured is the work, not the wait for the screen's next frame.
  const flags = ['--disable-frame-rate-limit', '--disable-gpu-vsync'];
  const results = [];
  for (const more of [flags, []]) {
    const browser = await chromium.launch({ ...own, args: [...args, ...more] });
    results.push(await switchToPaint(browser, base));
    await browser.close();
  }
  await server.close();
  const [unthrottled, at60] = results;
  return { click_to_paint: unthrottled, click_to_paint_at_60_hz: at60 };
}

const load = loadavg()[0] ?? 0;
const painted = process.argv.includes('--no-browser') ? {} : await measurePaint();
const line = {
  bench: 'ranks',
  processors: availableParallelism(),
  load_before: Math.round(load * 10) / 10,
  layers: 94,
  experts: 128,
  ranks: RANKS,
  runs: RUNS,
  goal_ms: GOAL_MS,
  ...painted,
  per_expert: measure('per-expert'),
  stacked: measure('stacked'),
};
console.log(JSON.stringify(line));
process.exit(0);
