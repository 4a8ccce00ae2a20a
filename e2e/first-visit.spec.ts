import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from '@playwright/test';
import { cardRows, estimateMemory, shapeFromConfig } from '../src/core/index.ts';
import { expect, parametersOf, paste, test, visit } from './support/app.ts';

const TINY = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));

const CONFIG = fileURLToPath(new URL('../fixtures/configs/Qwen3-235B-A22B.json', import.meta.url));

/** What a first-time visitor does: presses what is named on the screen, types, and presses keys; each is counted. */
class Visitor {
  clicks = 0;
  keys = 0;
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async press(target: Locator): Promise<void> {
    this.clicks += 1;
    await target.click();
  }

  button(name: string | RegExp): Promise<void> {
    return this.press(this.page.getByRole('button', { name, exact: typeof name === 'string' }));
  }

  radio(name: string | RegExp): Promise<void> {
    return this.press(this.page.getByRole('radio', { name, exact: typeof name === 'string' }));
  }

  view(name: string): Promise<void> {
    return this.press(this.page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name }));
  }

  /** One key, or a text that is typed in one go. */
  async key(keys: string): Promise<void> {
    this.keys += 1;
    await this.page.keyboard.press(keys);
  }

  async type(text: string): Promise<void> {
    this.keys += 1;
    await this.page.keyboard.insertText(text);
  }

  spent() {
    return { clicks: this.clicks, keys: this.keys };
  }
}

/** Opens a sample from the start page: one click. */
async function openSample(page: Page, name: RegExp): Promise<Visitor> {
  const visitor = new Visitor(page);
  await page.goto('/');
  await visitor.press(page.getByRole('region', { name: /Samples/ }).getByRole('link', { name }));
  await expect(page.getByText(/No problem found/)).toBeVisible();
  return visitor;
}

const details = (page: Page) => page.getByRole('region', { name: 'Pinned expert' });

test('sees the layout, and whether vLLM loads it', async ({ page }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  await expect(page.getByRole('heading', { name: /^per-expert/ })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Programs that load this checkpoint' })).toContainText('vLLM: loads');
  expect(visitor.spent()).toEqual({ clicks: 1, keys: 0 });
});

test('finds the file of one matrix of layer 47, expert 99', async ({ page }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  await visitor.button(/^Find/);
  await expect(page.getByRole('combobox')).toBeFocused();
  await visitor.type('L47 E99');
  await expect(page.getByRole('option').first()).toContainText('99');
  await visitor.key('Enter');
  const down = details(page).getByText('model.layers.47.mlp.experts.99.down_proj.weight');
  await expect(down).toBeVisible();
  await expect(details(page)).toContainText(/model-000(59|60)-of-00118\.safetensors/);
  expect(visitor.spent()).toEqual({ clicks: 2, keys: 2 });
});

test('sees what rank 5 of EP 64 holds', async ({ page }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  await visitor.view('Ranks');
  await visitor.button('EP 64');
  await visitor.press(page.getByRole('option', { name: /^Rank 5,/ }));
  await expect(page.getByRole('complementary').getByText(/Experts 10–11/)).toBeVisible();
  expect(visitor.spent()).toEqual({ clicks: 4, keys: 0 });
});

test('converts for transformers 5, opens the result, and compares it with the original', async ({ page }) => {
  const visitor = await openSample(page, /Tiny Qwen3-MoE/);
  await visitor.view('Convert');
  await visitor.radio(/^transformers 5\b/);
  await visitor.button('Start conversion');
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  await visitor.press(report.getByRole('button', { name: 'Compare with the original' }));
  await expect(page.getByText(/nothing differs|same|equal/i).first()).toBeVisible();
  await visitor.view('Convert');
  await visitor.press(report.getByRole('button', { name: 'Open the result' }));
  await expect(page.getByRole('heading', { name: /^gate-up/ })).toBeVisible();
  expect(parametersOf(page).get('job')).not.toBeNull();
  expect(visitor.spent()).toEqual({ clicks: 7, keys: 0 });
});

test("sees the memory of the model card's 32k run", async ({ page }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  await visitor.view('Ranks');
  await visitor.radio('Memory: will it fit');
  await visitor.button('32k, CP 8, offload');
  const shape = shapeFromConfig(JSON.parse(readFileSync(CONFIG, 'utf8')));
  const run = cardRows(shape).find(({ name }) => name === '32k, CP 8, offload')?.setup;
  const report = estimateMemory(shape, run ?? {});
  if (!run || 'error' in report) throw new Error('The model card has no such run.');
  const outcome = page.getByRole('region', { name: 'This set-up', exact: true });
  await expect(outcome).toContainText(`fits ${report.low.toFixed(1)}–${report.high.toFixed(1)} of 84.9 GB`);
  await expect(outcome).toContainText(`The host holds ${report.offload?.host.toFixed(1)} GB for each GPU`);
  expect(visitor.spent()).toEqual({ clicks: 4, keys: 0 });
});

test('lists the largest tensors', async ({ page }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  await visitor.view('Tensors');
  await visitor.press(page.getByRole('columnheader', { name: 'Bytes', exact: true }).getByRole('button'));
  await expect(page.getByRole('row').nth(1)).toContainText(/lm_head|embed_tokens/);
  expect(visitor.spent()).toEqual({ clicks: 3, keys: 0 });
});

test('lists all routers', async ({ page }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  await visitor.view('Tensors');
  await visitor.press(page.getByRole('searchbox', { name: /Search/ }));
  await visitor.type('router');
  await expect(page.getByText(/^94 tensors/)).toBeVisible();
  await expect(page.getByRole('row').nth(1)).toContainText('mlp.gate.weight');
  expect(visitor.spent()).toEqual({ clicks: 3, keys: 1 });
});

test('sends a link that restores everything', async ({ page, browser, baseURL }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  await visitor.view('Ranks');
  await visitor.button('EP 16');
  await visitor.press(page.getByRole('option', { name: /^Rank 3,/ }));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await visitor.button(/^Copy link/);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const colleague = await browser.newContext({ ...(baseURL === undefined ? {} : { baseURL }) });
  const other = await colleague.newPage();
  await other.goto(link);
  await expect(other.getByRole('button', { name: 'EP 16' })).toHaveAttribute('aria-pressed', 'true');
  await expect(other.getByRole('option', { name: /^Rank 3,/ })).toHaveAttribute('aria-selected', 'true');
  await colleague.close();
  expect(visitor.spent()).toEqual({ clicks: 5, keys: 0 });
});

test('saves a picture to share', async ({ page }) => {
  const visitor = await openSample(page, /Qwen3-235B/);
  const waiting = page.waitForEvent('download');
  await visitor.press(page.getByRole('button', { name: 'Save as PNG' }).first());
  const file = await waiting;
  expect(file.suggestedFilename()).toMatch(/\.png$/);
  expect(visitor.spent()).toEqual({ clicks: 2, keys: 0 });
});

test('opens a folder with a missing shard, and sees which one and whose experts it held', async ({ page }, info) => {
  const folder = info.outputPath('checkpoint');
  cpSync(TINY, folder, { recursive: true });
  rmSync(join(folder, 'model-00002-of-00003.safetensors'));
  await page.goto('/');
  await page.getByLabel('Choose folder').setInputFiles(folder);
  await expect(page.getByText(/model-00002-of-00003\.safetensors is missing/).first()).toBeVisible();
});

test('opens a model that is not MoE; every view says that it has no routed experts', async ({ page, hub }) => {
  await visit(page, hub);
  await paste(page, 'preset/dense');
  const visitor = new Visitor(page);
  for (const name of ['Map', 'Loads in', 'Convert', 'Ranks', 'Compare']) {
    await visitor.view(name);
    await expect(page.getByText('This model has no routed experts', { exact: false }).first()).toBeVisible();
  }
  expect(visitor.spent()).toEqual({ clicks: 5, keys: 0 });
});
