import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, parametersOf, paste, test, violations, visit } from './support/app.ts';

const DIST = fileURLToPath(new URL('../dist/app/', import.meta.url));

test('open, look, select layers, convert and open the result by keyboard alone', async ({ page, hub }) => {
  await visit(page, hub);
  await expect(page.getByRole('textbox', { name: 'Hub repo or URL' })).toBeFocused();
  await page.keyboard.type('tiny/qwen3-moe');
  await page.keyboard.press('Enter');
  const grid = page.getByRole('grid', { name: 'Layers by experts' });
  await expect(grid).toBeVisible();
  await tabTo(page, () => grid.evaluate((element) => element === document.activeElement));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.getByText('model.layers.0.mlp.experts.1.gate_proj.weight')).toBeVisible();
  await page.keyboard.press('Escape');
  await tabTo(page, () => grid.evaluate((element) => element === document.activeElement));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  await expect.poll(() => parametersOf(page).get('layers')).not.toBeNull();
  await pressLink(page, 'Convert');
  await tabTo(page, () => page.evaluate(() => document.activeElement?.getAttribute('name') === 'target'));
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => parametersOf(page).get('target')).not.toBeNull();
  const start = page.getByRole('button', { name: 'Start conversion' });
  await expect(start).toBeEnabled();
  await tabTo(page, () => start.evaluate((element) => element === document.activeElement));
  await page.keyboard.press('Enter');
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  const result = report.getByRole('button', { name: 'Open the result' });
  await tabTo(page, () => result.evaluate((element) => element === document.activeElement));
  await page.keyboard.press('Enter');
  await expect.poll(() => parametersOf(page).get('job')).not.toBeNull();
  await expect(grid).toBeVisible();
  await expect(page.getByRole('main', { name: 'Map view' })).toBeVisible();
});

/** Presses Tab until the condition holds; the focus goes round the page, so twice round is enough. */
async function tabTo(page: import('@playwright/test').Page, reached: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 80; i++) {
    if (await reached()) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab never got there.');
}

async function pressLink(page: import('@playwright/test').Page, name: string): Promise<void> {
  const link = page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name });
  await tabTo(page, () => link.evaluate((element) => element === document.activeElement));
  await page.keyboard.press('Enter');
}

test('axe finds nothing in the start page, the map and its table', async ({ page, hub }) => {
  await visit(page, hub);
  expect(await violations(page)).toEqual([]);
  await paste(page, 'tiny/qwen3-moe');
  await expect(page.getByText('104 tensors')).toBeVisible();
  await page.getByRole('grid', { name: 'Layers by experts' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect(await violations(page)).toEqual([]);
  await page
    .getByRole('button', { name: 'Table' })
    .or(page.getByRole('radio', { name: 'Table' }))
    .first()
    .click();
  expect(await violations(page)).toEqual([]);
});

for (const view of ['tensors', 'convert'])
  test(`axe finds nothing in ${view}`, async ({ page, hub }) => {
    await visit(page, hub, { repo: 'tiny/qwen3-moe', view });
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    expect(await violations(page)).toEqual([]);
  });

test('axe finds nothing in the report of a conversion', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert' });
  await page.getByRole('radio', { name: /^gate-up / }).check();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByRole('region', { name: 'Report' })).toContainText('all equal');
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing where something went wrong', async ({ page, hub }) => {
  for (const repo of ['nobody/nothing', 'preset/gated-manual', 'preset/missing-shard', 'preset/dense']) {
    await visit(page, hub, { repo });
    await expect(page.getByRole('alert').or(page.getByRole('grid')).first()).toBeVisible();
    expect(await violations(page)).toEqual([]);
  }
});

interface Manifest {
  readonly [source: string]: {
    readonly file: string;
    readonly isEntry?: boolean;
    readonly imports?: readonly string[];
  };
}

/** Bytes of script, as gzip sends them, that the first page may need; React alone is two thirds. */
const MOST_SCRIPT = 90_000;

test('what the page loads first is at most 90 kB, in few files', () => {
  const manifest = JSON.parse(readFileSync(`${DIST}.vite/manifest.json`, 'utf8')) as Manifest;
  const files = new Set<string>();
  const add = (key: string) => {
    const chunk = manifest[key];
    if (!chunk || files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const next of chunk.imports ?? []) add(next);
  };
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) add(key);
  const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(DIST + file)).byteLength, 0);
  expect(files.size).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(MOST_SCRIPT);
  expect(files.size).toBeLessThanOrEqual(4);
  const text = [...files].map((file) => readFileSync(DIST + file, 'utf8')).join('\n');
  expect(text).not.toContain('onnxruntime');
});

test('the page forbids inline script and says so to no one', async ({ page }) => {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto('/');
  await expect(page.getByRole('textbox', { name: 'Hub repo or URL' })).toBeFocused();
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  expect(policy).toMatch(/script-src 'self'/);
  expect(policy?.match(/script-src[^;]*/)?.[0]).not.toContain('unsafe-inline');
  expect(complaints).toEqual([]);
});
