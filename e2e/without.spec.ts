import { chromium } from '@playwright/test';
import { expect, paste, test, visit } from './support/app.ts';
import { findBrowser } from './support/browser.ts';

test('offline, the samples open and convert', async ({ page, context }) => {
  await page.goto('/');
  await page
    .getByRole('link', { name: /Tiny Qwen3-MoE/ })
    .or(page.getByRole('button', { name: /Tiny Qwen3-MoE/ }))
    .first()
    .click();
  await expect(page.getByText('104 tensors')).toBeVisible();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert', exact: true }).click();
  await page.getByRole('radio', { name: /^stacked / }).check();
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeEnabled();
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByRole('region', { name: 'Report' }).or(page.getByRole('alert')).first()).toBeVisible();
  await context.setOffline(false);
});

test('without the Hub, the page says that it cannot be reached and how to go on', async ({ page, hub }) => {
  await visit(page, hub);
  hub.faults.add({ action: { type: 'noCORS' } });
  await paste(page, 'tiny/qwen3-moe');
  await expect(page.getByRole('alert')).toContainText(/offline|blocked/);
  hub.faults.clear();
  await page.getByRole('button', { name: /again|retry/i }).click();
  await expect(page.getByText('104 tensors')).toBeVisible();
});

test('without folder access there is browser storage, and the page says so', async ({ page, hub }) => {
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, 'showDirectoryPicker');
  });
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' });
  await expect(page.getByRole('radio', { name: /^A folder/ })).toBeDisabled();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByRole('region', { name: 'Report' })).toContainText('all equal');
});

test('a picked folder gets the files, through the same code as a real one (browser storage stands in)', async ({
  page,
  hub,
}) => {
  await page.addInitScript(() => {
    Object.assign(window, {
      showDirectoryPicker: async () =>
        (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true }),
    });
  });
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'gate-up' });
  await page.getByRole('radio', { name: /^A folder/ }).check();
  await page
    .getByRole('button', { name: /^(Choose|Pick)/ })
    .last()
    .click();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByRole('region', { name: 'Report' })).toContainText('all equal');
  const names = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('picked');
    const found: string[] = [];
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) found.push(name);
    return found.sort();
  });
  expect(names).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'model.safetensors.index.json',
    'moe-loom-report.json',
  ]);
});

test('without WebGPU everything of this works', async ({ hub, baseURL }) => {
  const { executablePath, args } = findBrowser(chromium.executablePath());
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: args.filter((flag) => flag !== '--enable-unsafe-webgpu'),
  });
  const page = await browser.newPage({ baseURL: baseURL ?? '' });
  await visit(page, hub, { repo: 'tiny/gpt-oss', view: 'convert', target: 'stacked' });
  expect(await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) ?? null)).toBeNull();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByRole('region', { name: 'Report' })).toContainText('all equal');
  await browser.close();
});
