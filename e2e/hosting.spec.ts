import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { pagePolicy } from '../deploy/headers.ts';
import { serverHeaders } from '../src/cli/serve/app-headers.ts';
import { expect, test, violations } from './support/app.ts';
import { type PlainServer, servePlain } from './support/plain-server.ts';

/** Promise: a folder of a server that sends files and nothing else is enough. */
const UNDER = '/x/y/';
const LOCAL = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));

const report = (page: Page) => page.getByRole('region', { name: 'Report' });

/** Every request of the page and its workers, service workers left out. */
function requestsOf(page: Page): string[] {
  const found: string[] = [];
  page.context().on('request', (request) => {
    if (/^https?:/.test(request.url())) found.push(request.url());
  });
  return found;
}

/** Opens a sample, files, converts and computes: all that needs no Hub. */
async function openAll(page: Page, base: string): Promise<void> {
  await page.goto(base);
  await page.getByRole('link', { name: /^Qwen3-235B-A22B/ }).click();
  await expect(page.getByText('36,945 tensors')).toBeVisible();
  await page.goto(`${base}?sample=tiny-gpt-oss`);
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
  await page.goto(base);
  await page.getByLabel('Choose folder').setInputFiles(LOCAL);
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
  await page.goto(`${base}?sample=tiny-qwen3-moe&view=convert&target=stacked`);
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(report(page)).toContainText('all equal');
  await report(page).getByRole('button', { name: 'Open the result' }).click();
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
  await page.goto(`${base}?sample=tiny-qwen3-moe&view=compare&layer=0`);
  await page.getByRole('button', { name: 'Compute layer 0' }).click();
  await expect(page.getByText('✓ The same output')).toBeVisible();
}

for (const [what, headers] of [
  ['no headers', {}],
  ['the headers of deploy/', Object.fromEntries(serverHeaders(pagePolicy()))],
] as const)
  test(`in a folder of a server with ${what}, everything works and no request leaves the folder`, async ({ page }) => {
    const server: PlainServer = await servePlain({ under: UNDER, headers });
    try {
      const requests = requestsOf(page);
      await openAll(page, server.base);
      expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(Object.keys(headers).length > 0);
      expect(requests.filter((address) => !address.startsWith(server.base))).toEqual([]);
      expect(server.asked.filter((path) => !path.startsWith(UNDER))).toEqual([]);
      expect(server.asked.some((path) => path.endsWith('.wasm'))).toBe(true);
      expect(await violations(page)).toEqual([]);
    } finally {
      await server.close();
    }
  });
