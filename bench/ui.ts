/**
 * The built app in real Chromium, against the fixture Hub: Qwen3-235B-A22B (36,945 tensors) and a model of half a million
 * tensors. First paint, keystroke to painted result, the longest task while headers arrive, frames of a moving map, seconds
 * and memory. One JSON line. `npm run build` first; the machine should do nothing else.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { type Browser, type CDPSession, chromium, type Page } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../e2e/support/browser.ts';
import { QWEN3_235B, qwen3Moe, qwen3Moe235b } from '../e2e/support/hub/qwen3-moe.ts';
import { type HubServer, startHub } from '../e2e/support/hub/server.ts';
import { markUsed } from '../e2e/support/used-hub.ts';
import { openCheckpoint } from '../src/core/checkpoint/open.ts';
import { createManners } from '../src/core/hub/manners.ts';
import { openHubRepo } from '../src/core/hub/repo.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const GIANT = 'bench/half-a-million';
/** What is typed, key by key; each is deleted again the same way. */
const WORDS = ['layers.60.mlp', 'experts.127', 'gate_proj', 'self_attn.q'];
const PAN_FRAMES = 240;

interface Stage {
  readonly browser: Browser;
  readonly base: string;
  readonly hub: HubServer;
}

async function open({ browser, base, hub }: Stage, repo: string, view: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(markUsed, hub.url);
  await page.goto(`${base}?${new URLSearchParams({ endpoint: hub.url, repo, view })}`);
  return page;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN);
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}

interface Keystrokes {
  /** Until the list holds the new answer. */
  readonly answered: readonly number[];
  /** Until after the frame that shows it. */
  readonly painted: readonly number[];
}

/**
 * Types and deletes in the search box; each key waits until what the one before found is painted. The page says so by
 * itself: asking in every frame would make frames that nobody sees, and delay the one that is measured.
 */
async function typeAll(page: Page): Promise<Keystrokes> {
  await page.evaluate(() => {
    const probe: KeyProbe = { times: [], told: null, next: null };
    Object.assign(window, { keyProbe: probe });
    let pressed = 0;
    addEventListener(
      'keydown',
      (event) => {
        pressed = event.timeStamp;
      },
      true,
    );
    const list = document.querySelector('.tensors-body');
    new MutationObserver(() => {
      const answered = performance.now() - pressed;
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        probe.times.push({ answered, painted: performance.now() - pressed });
        probe.told?.();
      };
      requestAnimationFrame(() => channel.port2.postMessage(null));
    }).observe(list as Element, { attributeFilter: ['data-answer'] });
  });
  await page.getByRole('searchbox').focus();
  for (const word of WORDS) {
    for (const key of [...word, ...[...word].map(() => 'Backspace')]) {
      await page.evaluate(() => {
        const { keyProbe } = window as unknown as { keyProbe: KeyProbe };
        keyProbe.next = new Promise((resolve) => {
          keyProbe.told = resolve;
        });
      });
      await page.keyboard.press(key);
      await page.evaluate(() => (window as unknown as { keyProbe: KeyProbe }).keyProbe.next);
    }
  }
  const times = await page.evaluate(() => (window as unknown as { keyProbe: KeyProbe }).keyProbe.times);
  return { answered: times.map((time) => time.answered), painted: times.map((time) => time.painted) };
}

/** What the page notes of each key, and whom it tells. */
interface KeyProbe {
  readonly times: { readonly answered: number; readonly painted: number }[];
  told: (() => void) | null;
  next: Promise<void> | null;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The longest task of the page's main thread while a checkpoint opens: by the clock, and of processor time. */
async function longestTask(stage: Stage) {
  const context = await stage.browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(markUsed, stage.hub.url);
  await page.goto(`${stage.base}?${new URLSearchParams({ endpoint: stage.hub.url })}`);
  await page.getByRole('textbox', { name: 'Hub repo or URL' }).fill(BIG);
  await stage.browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
  await page.getByRole('button', { name: 'Inspect' }).click();
  await page.getByText(/No problem found/).waitFor();
  const { traceEvents } = JSON.parse((await stage.browser.stopTracing()).toString('utf8')) as {
    traceEvents: TraceEvent[];
  };
  await context.close();
  const key = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`;
  const main = new Set(traceEvents.filter((event) => event.args?.name === 'CrRendererMain').map(key));
  const tasks = traceEvents.filter((event) => main.has(key(event)) && /RunTask$/.test(event.name));
  const most = (of: (event: TraceEvent) => number | undefined) =>
    rounded(Math.max(...tasks.map((task) => (of(task) ?? 0) / 1000)));
  return { clock_ms: most((task) => task.dur), processor_ms: most((task) => task.tdur) };
}

/** Time between frames while the map is moved a little in each. */
async function pan(page: Page) {
  await page.getByText(/No problem found/).waitFor();
  const larger = page.getByRole('button', { name: 'Larger cells' });
  while (await larger.isEnabled()) await larger.click();
  const deltas = await page.evaluate(async (frames) => {
    const scroller = document.querySelector('.grid-scroller') as HTMLElement;
    const found: number[] = [];
    let last = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
    for (let frame = 0; frame < frames; frame += 1) {
      const sign = Math.floor(frame / 60) % 2 === 0 ? 1 : -1;
      scroller.scrollBy(13 * sign, 17 * sign);
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      found.push(now - last);
      last = now;
    }
    return found;
  }, PAN_FRAMES);
  return {
    frames: deltas.length,
    p50_ms: percentile(deltas, 0.5),
    p95_ms: percentile(deltas, 0.95),
    most_ms: rounded(Math.max(...deltas)),
  };
}

/** Milliseconds between frames of the app's first page, which does nothing: what no painted answer can be faster than by much. */
async function idleFrame(browser: Browser, base: string): Promise<number> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(base);
  await page.getByRole('textbox', { name: 'Hub repo or URL' }).waitFor();
  const deltas = await page.evaluate(async (frames) => {
    const found: number[] = [];
    let last = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
    for (let frame = 0; frame < frames; frame += 1) {
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      found.push(now - last);
      last = now;
    }
    return found;
  }, PAN_FRAMES);
  await page.close();
  return percentile(deltas, 0.5);
}

/** How much slower a reader's processor is taken to be. */
const SLOWED = 4;
const FIRST_PAINTS = 5;

/** From asking for the page to its first painted words, on a processor that is slowed, in a browser that has nothing kept. */
async function firstPaint(browser: Browser, base: string) {
  const found: number[] = [];
  for (let round = 0; round < FIRST_PAINTS; round += 1) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    await page.goto(base);
    const paint = await page.waitForFunction(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    );
    found.push(Number(await paint.jsonValue()));
    await context.close();
  }
  return { slowed: SLOWED, p50_ms: percentile(found, 0.5), most_ms: rounded(Math.max(...found)) };
}

/** Bytes that the renderers of a browser hold and have held at most, as the system counts them. */
async function rendererMemory(session: CDPSession) {
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as {
    processInfo: { type: string; id: number }[];
  };
  const of = (field: string) =>
    Math.max(
      ...processInfo
        .filter(({ type }) => type === 'renderer')
        .map(
          ({ id }) =>
            Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1000,
        ),
    );
  return { now: Math.round(of('VmRSS')), most: Math.round(of('VmHWM')) };
}

/** Live bytes of scripts in the page's workers, in MB, garbage collected. */
async function workerHeap(session: CDPSession): Promise<number> {
  const { targetInfos } = (await session.send('Target.getTargets', { filter: [{}] })) as {
    targetInfos: { targetId: string; type: string }[];
  };
  let total = 0;
  for (const { targetId } of targetInfos.filter(({ type }) => type === 'worker'))
    total += await heapOf(session, targetId);
  return Math.round(total / 1e6);
}

async function heapOf(session: CDPSession, targetId: string): Promise<number> {
  const { sessionId } = (await session.send('Target.attachToTarget', { targetId })) as { sessionId: string };
  let last = 0;
  const call = (method: string) =>
    new Promise<{ usedSize?: number }>((resolve) => {
      const id = ++last;
      const listen = ({ message }: { message: string }) => {
        const answer = JSON.parse(message) as { id?: number; result?: { usedSize?: number } };
        if (answer.id !== id) return;
        session.off('Target.receivedMessageFromTarget', listen);
        resolve(answer.result ?? {});
      };
      session.on('Target.receivedMessageFromTarget', listen);
      void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
    });
  await call('HeapProfiler.collectGarbage');
  const { usedSize = Number.NaN } = await call('Runtime.getHeapUsage');
  return usedSize;
}

/** Opens half a million tensors; a browser of its own, so that its memory is this model's. */
async function giant({ base, hub }: Pick<Stage, 'base' | 'hub'>, launch: () => Promise<Browser>) {
  const browser = await launch();
  try {
    const session = await browser.newBrowserCDPSession();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.addInitScript(markUsed, hub.url);
    await page.goto(`${base}?${new URLSearchParams({ endpoint: hub.url })}`);
    await page.getByRole('textbox', { name: 'Hub repo or URL' }).fill(GIANT);
    const idle = (await rendererMemory(session)).now;
    const start = performance.now();
    const seconds = () => Number(((performance.now() - start) / 1000).toFixed(2));
    await page.getByRole('button', { name: 'Inspect' }).click();
    await page.getByRole('grid').waitFor();
    const first = seconds();
    await page.getByText(/so far/).waitFor({ state: 'detached', timeout: 120_000 });
    const headers = seconds();
    await page.getByText(/No problem found/).waitFor({ timeout: 120_000 });
    const index = Number((seconds() - headers).toFixed(2));
    const opened = await rendererMemory(session);
    const heap = await workerHeap(session);
    const view = performance.now();
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Tensors' }).click();
    await page.getByText(/499,320 tensors,/).waitFor({ timeout: 120_000 });
    const tensors = Number(((performance.now() - view) / 1000).toFixed(2));
    const keys = await typeAll(page);
    const memory = await rendererMemory(session);
    return {
      tensors: 499_320,
      first_map_seconds: first,
      headers_seconds: headers,
      index_seconds: index,
      tensors_view_seconds: tensors,
      keystroke_painted_p95_ms: percentile(keys.painted, 0.95),
      worker_heap_mb: heap,
      idle_mb: idle,
      opened_mb: opened.now,
      opening_most_mb: opened.most,
      all_most_mb: memory.most,
    };
  } finally {
    await browser.close();
  }
}

const loadBefore = loadavg()[0] ?? 0;
const half = { ...QWEN3_235B, layers: 217, experts: 764 };
const hub = await startHub({
  repos: [
    qwen3Moe235b({ layout: 'per-expert' }),
    qwen3Moe(GIANT, { dims: half, layout: 'per-expert', seed: 'half', maxShardBytes: 40e9 }),
  ],
});
// The fixture makes headers and hashes when they are first asked for.
for (const repo of [BIG, GIANT])
  await openCheckpoint(await openHubRepo(repo, { endpoint: hub.url, ...createManners() }));
const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
const base = server.resolvedUrls?.local[0] ?? '';
const { executablePath, args } = findBrowser(chromium.executablePath(), true);
const launch = (more: readonly string[] = []) =>
  chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: [...args, ...more] });

async function keystrokes(browser: Browser) {
  const page = await open({ browser, base, hub }, BIG, 'tensors');
  await page.getByText('36,945 tensors').waitFor();
  await typeAll(page);
  const { answered, painted } = await typeAll(page);
  await page.context().close();
  return {
    keys: painted.length,
    answered_p50_ms: percentile(answered, 0.5),
    answered_p95_ms: percentile(answered, 0.95),
    painted_p50_ms: percentile(painted, 0.5),
    painted_p95_ms: percentile(painted, 0.95),
  };
}

const browser = await launch();
// Frames as fast as they are drawn: what is measured is the work, not the wait for the screen's next frame.
const unthrottled = await launch(['--disable-frame-rate-limit', '--disable-gpu-vsync']);
const result = await (async () => {
  const stage = { browser, base, hub };
  const warm = await open(stage, BIG, 'map');
  const moving = await pan(warm);
  await warm.context().close();
  return {
    bench: 'ui',
    processors: availableParallelism(),
    // What else ran: above the number of processors, times by the clock are those of the queue.
    load_before: rounded(loadBefore),
    idle_frame_ms: await idleFrame(unthrottled, base),
    idle_frame_at_60_hz_ms: await idleFrame(browser, base),
    first_paint: await firstPaint(browser, base),
    longest_task_while_opening: await longestTask(stage),
    map_pan: moving,
    keystroke: await keystrokes(unthrottled),
    keystroke_at_60_hz: await keystrokes(browser),
    half_a_million: process.argv.includes('--small') ? null : await giant(stage, launch),
  };
})();
await browser.close();
await unthrottled.close();
await server.close();
await hub.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
