import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Opened, startOpen } from '../src/cli/serve/open.fixture.ts';
import { expect, moveTo, test, visit } from './support/app.ts';

const SAMPLE = fileURLToPath(new URL('../public/samples/tiny-qwen3-moe', import.meta.url));

let work: string;
let opened: Opened;
test.beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-open-e2e-'));
  cpSync(SAMPLE, join(work, 'tiny'), { recursive: true });
  mkdirSync(join(work, 'results'));
  opened = await startOpen([join(work, 'tiny'), '--convert-to', join(work, 'results')]);
});
test.afterAll(async () => {
  await opened.end();
  rmSync(work, { recursive: true, force: true });
});

test('one link shows a folder of another machine: inspected, converted there and here, compared', async ({
  page,
  browser,
}) => {
  const link = opened.next();
  await page.goto(link);
  await expect(page.getByRole('heading', { name: /per-expert/ })).toBeVisible();
  // The token is in no address any more, and the page says where the files are.
  expect(page.url()).not.toContain('token');
  await expect(page.locator('.served-hub')).toHaveText(/^on /);
  await expect(page.getByText('104 tensors')).toBeVisible();

  const stranger = await browser.newContext();
  const other = await stranger.newPage();
  expect((await other.goto(link))?.status()).toBe(403);
  await expect(other.getByText('The link was used before')).toBeVisible();
  expect((await other.goto(new URL('/', link).href))?.status()).toBe(403);
  await stranger.close();

  const shown = Object.fromEntries(new URL(page.url()).searchParams);
  await moveTo(page, { ...shown, view: 'convert', target: 'stacked' });
  const there = page.getByRole('region', { name: /^Convert on / });
  await there.getByRole('button', { name: 'Convert there' }).click();
  await expect(there.getByText('Proven: every byte of 38 tensors is equal.')).toBeVisible();
  await there.getByRole('textbox').fill('../up');
  await there.getByRole('button', { name: 'Convert there' }).click();
  await expect(there.getByRole('alert')).toContainText('is not the name of a folder');

  // The same in this browser, from the files that the command serves.
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByText(/all equal/i).first()).toBeVisible();

  await there.getByRole('link', { name: 'Compare with the source' }).click();
  await page.getByRole('button', { name: 'Compare values' }).click();
  await expect(page.getByText(/Equal/).first()).toBeVisible();
});

test('a page from elsewhere looks for one on this machine only when it is asked to', async ({ page, hub }) => {
  const asked: string[] = [];
  await page.route('http://127.0.0.1:7766/**', (route) => {
    asked.push(route.request().url());
    return asked.length === 1 ? route.abort() : route.fulfill({ status: 403, body: 'no' });
  });
  await visit(page, hub, {});
  const look = page.getByRole('button', { name: 'Look for one on this machine' });
  await expect(look).toBeVisible();
  expect(asked).toEqual([]);
  await look.click();
  await expect(page.getByText('Nothing answers at http://127.0.0.1:7766/')).toBeVisible();
  await look.click();
  await expect(page.getByText('A server answers at')).toBeVisible();
  expect(asked).toHaveLength(2);
});
