import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { MOST_KEPT } from '../deploy/offline.ts';
import { removedWorker } from '../src/cli/serve/removed-worker.ts';
import { expect, paste, test, violations } from './support/app.ts';
import { type PlainServer, servePlain } from './support/plain-server.ts';
import { markUsed } from './support/used-hub.ts';

/** Promise: after one visit the page opens without its server, and a newer version waits until the reader takes it. */
test.use({ serviceWorkers: 'allow' });

const LOCAL = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));
const DIST = fileURLToPath(new URL('../dist/app/', import.meta.url));

const report = (page: Page) => page.getByRole('region', { name: 'Report' });
const grid = (page: Page) => page.getByRole('grid', { name: 'Layers by experts' });
const offer = (page: Page) => page.getByRole('region', { name: 'A new version is here. Reload to use it.' });

let server: PlainServer;
test.beforeEach(async () => {
  server = await servePlain({ under: '/x/y/' });
});
test.afterEach(() => server.close());

/** Waits until the browser keeps the page. */
async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
}

/** Addresses in every cache of the origin, below the app's folder. */
function cached(page: Page): Promise<string[]> {
  return page.evaluate(async (base) => {
    const found: string[] = [];
    for (const name of await caches.keys())
      for (const { url } of await (await caches.open(name)).keys()) found.push(url.replace(base, ''));
    return found.map((url) => url.replace(/\?__WB_REVISION__=\w+$/, '')).sort();
  }, server.base);
}

/** Puts a newer version on the server: another page, and a worker that knows of it. */
function deploy(version: string): void {
  const html = join(server.folder, 'index.html');
  writeFileSync(
    html,
    readFileSync(html, 'utf8').replace('<title>', `<meta name="tested" content="${version}" /><title>`),
  );
  const worker = join(server.folder, 'sw.js');
  const text = readFileSync(worker, 'utf8');
  const changed = text.replace(
    /(url:"index\.html",revision:")\w+|(revision:")\w+(",url:"index\.html")/,
    `$1$2${version}$3`,
  );
  expect(changed).not.toBe(text);
  writeFileSync(worker, changed);
}

/** The version that a page is of: the mark of a newer one. */
const mark = (page: Page) => page.locator('meta[name="tested"]');

test('after one load and without the server, samples, files and a conversion work, and a repo says what to do', async ({
  page,
  hub,
  context,
}) => {
  await page.addInitScript(markUsed, hub.url);
  await page.goto(server.base);
  await kept(page);
  await server.stop();
  await context.setOffline(true);
  await page.goto(`${server.base}?${new URLSearchParams({ endpoint: hub.url })}`);
  await page.getByRole('link', { name: /^Tiny gpt-oss/ }).click();
  await expect(grid(page)).toBeVisible();
  await page.goto(server.base);
  await page.getByLabel('Choose folder').setInputFiles(LOCAL);
  await expect(grid(page)).toBeVisible();
  for (const view of ['tensors', 'loads', 'ranks', 'compare']) {
    await page.goto(`${server.base}?sample=tiny-qwen3-moe&view=${view}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    await expect(page.getByText('could not be loaded')).toHaveCount(0);
  }
  await page.goto(`${server.base}?sample=tiny-qwen3-moe&view=convert&target=stacked`);
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(report(page)).toContainText('all equal');
  await page.goto(`${server.base}?${new URLSearchParams({ endpoint: hub.url })}`);
  await paste(page, 'tiny/qwen3-moe');
  const failed = page.getByRole('alert');
  await expect(failed).toContainText(/offline/);
  await expect(failed.getByRole('button', { name: 'Retry' })).toBeVisible();
  await context.setOffline(false);
  await failed.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByText('104 tensors')).toBeVisible();
});

test('what is kept: the page and its parts, at most 6 MB; never an answer of a Hub; large files once they were used', async ({
  page,
  hub,
}) => {
  await page.addInitScript(markUsed, hub.url);
  await page.goto(server.base);
  await kept(page);
  const first = await cached(page);
  const bytes = first.reduce((sum, path) => sum + statSync(join(DIST, path)).size, 0);
  expect(bytes).toBeLessThanOrEqual(MOST_KEPT);
  expect(first).toContain('index.html');
  const scripts = readdirSync(join(DIST, 'assets')).filter((name) => /\.worker-[\w-]+\.js$/.test(name));
  expect(scripts.length).toBeGreaterThan(5);
  expect(first).toEqual(expect.arrayContaining(scripts.map((name) => `assets/${name}`)));
  expect(first.filter((path) => /\.wasm$|headers\.bin$|\.vite|\.map$/.test(path))).toEqual([]);
  // The page was asked for twice: to be shown, and to be kept.
  expect(server.asked.filter((path) => /\/x\/y\/(index\.html)?(\?|$)/.test(path)).length).toBeLessThanOrEqual(2);

  await page.goto(`${server.base}?${new URLSearchParams({ endpoint: hub.url, repo: 'tiny/qwen3-moe' })}`);
  await expect(page.getByText('104 tensors')).toBeVisible();
  expect(await cached(page)).toEqual(first);
  await page.goto(`${server.base}?sample=qwen3-235b-a22b`);
  await expect(page.getByText('36,945 tensors')).toBeVisible();
  await page.goto(`${server.base}?sample=tiny-qwen3-moe&view=compare&layer=0`);
  await page.getByRole('button', { name: 'Compute layer 0' }).click();
  await expect(page.getByText('✓ The same output')).toBeVisible();
  await expect
    .poll(async () =>
      (await cached(page)).filter((path) => !first.includes(path)).map((path) => path.replace(/-[\w-]{8}\./, '.')),
    )
    .toEqual([
      'assets/ort-wasm-simd-threaded.wasm',
      'samples/qwen3-235b-a22b.json',
      'samples/qwen3-235b-a22b/headers.bin',
    ]);
  await server.stop();
  await page.goto(`${server.base}?sample=qwen3-235b-a22b`);
  await expect(page.getByText('36,945 tensors')).toBeVisible();
});

test('a newer version waits until the reader takes it', async ({ page }) => {
  await page.goto(server.base);
  await kept(page);
  deploy('two');
  await page.reload();
  await expect(offer(page)).toBeVisible();
  await expect(mark(page)).toHaveCount(0);
  await page.reload();
  await expect(offer(page)).toBeVisible();
  await expect(mark(page)).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
  await offer(page).getByRole('button', { name: 'Reload' }).click();
  await expect(mark(page)).toHaveAttribute('content', 'two');
  await expect(offer(page)).toHaveCount(0);
});

test('no version is taken while a conversion runs in this tab or in another', async ({ page, hub, context }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  hub.faults.add({
    origin: 'cdn',
    pathRe: '00005-of-00005',
    rangeRe: /^bytes=[1-9]/,
    action: { type: 'ttfb', ms: 0, until: held },
  });
  await page.addInitScript(markUsed, hub.url);
  const convert = { repo: 'tiny/mixtral', view: 'convert', target: 'stacked', 'max-shard': '30 KB' };
  await page.goto(`${server.base}?${new URLSearchParams({ endpoint: hub.url, ...convert })}`);
  await kept(page);
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByRole('region', { name: 'Conversion', exact: true }).getByText(/^[2-9] of 14$/)).toBeVisible();
  deploy('two');
  const other = await context.newPage();
  await other.goto(server.base);
  await expect(offer(page)).toContainText('A conversion is running in this tab.');
  await expect(offer(page).getByRole('button', { name: 'Reload' })).toBeDisabled();
  await offer(other).getByRole('button', { name: 'Reload' }).click();
  await expect(offer(other)).toContainText('A conversion is running in another tab');
  await expect(mark(other)).toHaveCount(0);
  release();
  await expect(report(page)).toContainText('all equal');
  await offer(other).getByRole('button', { name: 'Reload' }).click();
  await expect(mark(other)).toHaveAttribute('content', 'two');
  // The tab that did not take it says that its version is gone.
  await expect(page.getByRole('region', { name: 'A newer version of moe-loom is on the server.' })).toBeVisible();
});

test('a page of `moe-loom open` keeps nothing, and removes what an app at its address had kept', async ({ page }) => {
  await page.goto(server.base);
  await kept(page);
  // The command answers for the worker's file with one that ends the worker before it, and marks its page.
  writeFileSync(join(server.folder, 'sw.js'), removedWorker(true));
  const html = join(server.folder, 'index.html');
  const note = JSON.stringify({ version: '0.1.0', machine: 'here', sources: [], writesTo: null });
  const meta = `<meta name="moe-loom-served" content="${note.replaceAll('"', '&quot;')}" />`;
  writeFileSync(html, readFileSync(html, 'utf8').replace('</head>', `${meta}</head>`));
  await page.goto(server.base);
  // The page may still be the kept one; what is kept is deleted while it is shown.
  await expect.poll(() => cached(page).catch(() => ['the page is loading'])).toEqual([]);
  await page.reload();
  await expect(page.locator('meta[name="moe-loom-served"]')).toBeAttached();
  expect(await cached(page)).toEqual([]);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Hub repo or URL' })).toBeFocused();
  expect(await cached(page)).toEqual([]);
});

test('an owner who stops hosting removes it from the browsers of readers', async ({ page }) => {
  await page.goto(server.base);
  await kept(page);
  writeFileSync(join(server.folder, 'sw.js'), readFileSync(new URL('../deploy/removed-sw.js', import.meta.url)));
  writeFileSync(join(server.folder, 'index.html'), '<p>moe-loom has moved.</p>');
  await page.reload();
  await expect.poll(() => cached(page).catch(() => ['the page is loading'])).toEqual([]);
  await page.reload();
  await expect(page.getByText('moe-loom has moved.')).toBeVisible();
});

test('a browser that refuses the worker has the page all the same', async ({ page }) => {
  const worker = join(server.folder, 'sw.js');
  expect(existsSync(worker)).toBe(true);
  writeFileSync(worker, 'throw new Error("refused");');
  await page.goto(server.base);
  await expect.poll(() => server.asked).toContain('/x/y/sw.js');
  await page.getByRole('link', { name: /^Tiny gpt-oss/ }).click();
  await expect(grid(page)).toBeVisible();
});
