import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { pagePolicy } from '../deploy/headers.ts';
import { frontMatter, readYaml } from '../deploy/plain-yaml.ts';
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

/** What the front matter of a Space asks the Hub to send with each file. */
function spaceHeaders(): Readonly<Record<string, string>> {
  const page = readFileSync(new URL('../deploy/space/README.md', import.meta.url), 'utf8');
  const { custom_headers: headers } = readYaml(frontMatter(page)) as Record<string, Record<string, string>>;
  if (!headers) throw new Error('The front matter has no custom_headers.');
  return headers;
}

for (const [what, headers] of [
  ['no headers', {}],
  ['the headers of a static Space', spaceHeaders()],
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

/** A page of another origin with the app in a frame, as huggingface.co shows a Space. */
async function frameOf(inner: string, headers: Readonly<Record<string, string>> = {}) {
  const outer = createServer((_, answer) => {
    for (const [name, value] of Object.entries(headers)) answer.setHeader(name, value);
    answer.setHeader('content-type', 'text/html');
    const allowed =
      'allow="clipboard-read" sandbox="allow-scripts allow-same-origin allow-downloads allow-popups allow-popups-to-escape-sandbox"';
    answer.end(
      `<body style="margin:0"><iframe ${allowed} src="${inner.replaceAll('&', '&amp;')}" style="width:100%;height:98vh;border:0"></iframe>`,
    );
  }).listen(0, 'localhost');
  await once(outer, 'listening');
  return {
    address: `http://localhost:${(outer.address() as AddressInfo).port}/`,
    close: () => void outer.close(),
  };
}

const notice = (of: Pick<Page, 'getByRole'>) => of.getByRole('region', { name: 'Inside another site' });

test.describe('in a frame of another origin', () => {
  test.use({ serviceWorkers: 'allow' });

  test('with the headers of a Space it works, says what is missing, and opens in its own tab with its whole address', async ({
    page,
    context,
  }) => {
    const server = await servePlain({ under: UNDER, headers: spaceHeaders() });
    const outer = await frameOf(`${server.base}?sample=tiny-qwen3-moe`);
    try {
      await page.goto(outer.address);
      const frame = page.frameLocator('iframe');
      await expect(frame.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
      await expect(notice(frame)).toContainText('keeps the storage of this page apart or gives none, refuses folders');
      await expect(notice(frame)).toContainText('several threads');
      await frame
        .getByRole('navigation', { name: 'Views' })
        .getByRole('link', { name: 'Convert', exact: true })
        .click();
      await frame.getByRole('radio', { name: /^stacked / }).check();
      await frame.getByRole('button', { name: 'Start conversion' }).click();
      await expect(frame.getByRole('region', { name: 'Report' })).toContainText('all equal');
      const [own] = await Promise.all([
        context.waitForEvent('page'),
        notice(frame).getByRole('link', { name: 'Open in its own tab' }).click(),
      ]);
      await expect(own).toHaveURL(/view=convert.*target=stacked|target=stacked.*view=convert/);
      await expect(own.getByRole('button', { name: 'Start conversion' })).toBeVisible();
      await expect(notice(own)).toHaveCount(0);
      expect(await own.evaluate(() => window.crossOriginIsolated)).toBe(true);
    } finally {
      outer.close();
      await server.close();
    }
  });

  test('no frame may show it where the server sends the headers of deploy/, and those of a Space name who may', async ({
    page,
  }) => {
    for (const framedBy of [[], ['http://localhost:*']]) {
      const headers = Object.fromEntries(serverHeaders(pagePolicy(), framedBy));
      const server = await servePlain({ under: UNDER, headers });
      const outer = await frameOf(server.base);
      await page.goto(outer.address);
      const inside = page.frameLocator('iframe').getByRole('textbox', { name: 'Hub repo or URL' });
      if (framedBy.length > 0) await expect(inside).toBeVisible();
      else await expect.poll(() => page.frames()[1]?.url()).toMatch(/^chrome-error:/);
      outer.close();
      await server.close();
    }
  });

  test('the sentence fits a narrow page', async ({ page }) => {
    const server = await servePlain({ under: UNDER });
    const outer = await frameOf(server.base);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(outer.address);
    const frame = page.frameLocator('iframe');
    await expect(notice(frame)).toBeVisible();
    expect(await frame.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0);
    const link = notice(frame).getByRole('link', { name: 'Open in its own tab' });
    await expect(link).toBeInViewport({ ratio: 1 });
    outer.close();
    await server.close();
  });
});
