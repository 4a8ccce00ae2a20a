import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, storedFiles, test, visit } from './support/app.ts';
import type { HubServer } from './support/hub/server.ts';

const CONVERT = { repo: 'preset/per-expert-tiny', view: 'convert', target: 'stacked' };
const BAD = 'model-00002-of-00003.safetensors';

const job = (page: Page) => page.getByRole('region', { name: 'Conversion', exact: true });
const report = (page: Page) => page.getByRole('region', { name: 'Report' });
const unfinished = (page: Page) => page.getByRole('region', { name: 'Unfinished conversions' });
const start = (page: Page) => page.getByRole('button', { name: 'Start conversion' }).click();

/** One bit of the last byte of a file is another one on the way; its size and its header are right. */
function flipOneBit(hub: HubServer): void {
  hub.faults.add({ origin: 'cdn', pathRe: BAD, action: { type: 'flipBit', byte: -1 } });
}

async function order(page: Page, hub: HubServer, parameters: Readonly<Record<string, string>> = {}): Promise<void> {
  await visit(page, hub, { ...CONVERT, ...parameters });
  await page.getByRole('textbox', { name: /^Largest shard/ }).fill('60 KB');
}

/** SHA-256 of every downloadable shard. */
async function sums(page: Page): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const link of await report(page)
    .getByRole('link', { name: /^Download model-/ })
    .all()) {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const bytes = readFileSync(await download.path());
    found[download.suggestedFilename()] = createHash('sha256').update(bytes).digest('hex');
  }
  return found;
}

test('a file with one wrong bit is refused by its sha256, and the conversion resumes once the file is good', async ({
  page,
  hub,
}) => {
  flipOneBit(hub);
  await order(page, hub);
  await start(page);
  const alert = job(page).getByRole('alert');
  await expect(alert).toContainText(`${BAD} does not match its sha256`, { timeout: 30_000 });
  await expect(alert).toContainText(/\d+ of \d+ shards (is|are) finished and kept/);
  const left = await storedFiles(page);
  expect(left.length).toBeGreaterThan(0);
  expect(left.every((name) => /model-\d+-of-\d+\.safetensors$/.test(name))).toBe(true);
  hub.faults.clear();
  await unfinished(page).getByRole('button', { name: 'Resume' }).click();
  await expect(report(page)).toContainText('all equal');
  await expect(report(page)).toContainText('3 source files match the sha256 that the source states');
  await expect(report(page)).toContainText(/shards? of an earlier, unfinished run: read back/);
  const resumed = await sums(page);
  expect(Object.keys(resumed).length).toBeGreaterThan(left.length);
  await page.getByRole('button', { name: 'Close report' }).click();
  await start(page);
  await expect(report(page)).toContainText('all equal');
  expect(await sums(page)).toEqual(resumed);
});

test('"Check source hashes first" refuses a wrong file before anything is written', async ({ page, hub }) => {
  flipOneBit(hub);
  await order(page, hub, { 'check-source': 'yes' });
  await page.getByText('Engine, memory, hashes').click();
  await expect(page.getByRole('checkbox', { name: /^Check source hashes first/ })).toBeChecked();
  await start(page);
  await expect(job(page).getByRole('alert')).toContainText(`${BAD} does not match the stated sha256`, {
    timeout: 30_000,
  });
  await expect(job(page).getByRole('alert')).toContainText('Nothing was written');
  expect(await storedFiles(page)).toEqual([]);
  hub.faults.clear();
  await job(page).getByRole('button', { name: 'Start again' }).click();
  await expect(report(page)).toContainText('3 source files match the sha256 that the source states');
});
