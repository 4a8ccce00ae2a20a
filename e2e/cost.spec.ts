import type { Page } from '@playwright/test';
import { expect, paste, test, visit } from './support/app.ts';
import type { JournalEntry } from './support/hub/exchange.ts';
import type { HubServer } from './support/hub/server.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const MOST_EXCHANGES = 247;
const MOST_BYTES = 5_600_000;
const MOST_PREFLIGHTS = 122;

const isPreflight = (entry: JournalEntry) => entry.class === 'preflight';
const isIndex = (entry: JournalEntry) => entry.path.includes('index.json');

/** Bytes that left before the index was asked for, which is read once all else is on screen. */
function bytesBeforeIndex(hub: HubServer): number {
  return hub.journal.filter((entry) => !isIndex(entry)).reduce((sum, entry) => sum + entry.bytesSent, 0);
}

/** Whole, the index compared with the headers. */
async function opened(page: Page): Promise<void> {
  await expect(page.getByText('36,945 tensors')).toBeVisible();
  await expect(page.getByText(/No problems found/)).toBeVisible();
}

test('470 GB cost a stranger 247 exchanges and 5.6 MB at most, no preflight, and two when opened again', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: BIG });
  await opened(page);
  expect(hub.journal.filter(isPreflight)).toEqual([]);
  expect(hub.journal.length).toBeLessThanOrEqual(MOST_EXCHANGES);
  expect(hub.journal.filter((entry) => entry.origin === 'cdn' && !isIndex(entry)).length).toBe(118);
  expect(bytesBeforeIndex(hub)).toBeLessThanOrEqual(MOST_BYTES);
  await page.close();

  hub.clearJournal();
  const again = await page.context().newPage();
  await visit(again, hub, { repo: BIG });
  await opened(again);
  expect(hub.journal.length).toBeLessThanOrEqual(2);
  expect(hub.journal.filter((entry) => entry.class !== 'api')).toEqual([]);
});

test('the map is there after three exchanges', async ({ page, hub }) => {
  hub.faults.add({ origin: 'hub', after: 2, action: { type: 'ttfb', ms: 600_000 } });
  await visit(page, hub, { repo: BIG });
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
  await expect(page.getByText(/1 of 118 shards · /)).toBeVisible();
  expect(hub.journal.filter((entry) => entry.status !== 0).length).toBeLessThanOrEqual(3);
});

test('a token that goes with every request costs 122 preflights at most before the index', async ({ page, hub }) => {
  await visit(page, hub);
  await page.getByRole('button', { name: 'Access' }).click();
  const dialog = page.getByRole('dialog', { name: 'Access' });
  await dialog.getByLabel('Access token').fill('hf_reader');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Access: token' }).click();
  await dialog.getByLabel(/^Send it with every request/).check();
  await page.keyboard.press('Escape');
  await paste(page, BIG);
  await opened(page);
  const preflights = hub.journal.filter(isPreflight);
  const beforeIndex = preflights.filter((entry) => !isIndex(entry)).length;
  expect(beforeIndex).toBeGreaterThan(0);
  expect(beforeIndex).toBeLessThanOrEqual(MOST_PREFLIGHTS);
  // The index is redirected once, and each of its two addresses costs one.
  expect(preflights.length - beforeIndex).toBeLessThanOrEqual(2);
  expect(hub.journal.length - preflights.length).toBeLessThanOrEqual(MOST_EXCHANGES);
  const direct = hub.journal.filter((entry) => entry.origin === 'hub' && !isPreflight(entry));
  expect(direct.filter((entry) => !entry.hasAuthorization)).toEqual([]);
});

test('a token that is not needed is not sent', async ({ page, hub }) => {
  await visit(page, hub);
  await page.getByRole('button', { name: 'Access' }).click();
  await page.getByRole('dialog', { name: 'Access' }).getByLabel('Access token').fill('hf_reader');
  await page.keyboard.press('Enter');
  await paste(page, 'tiny/qwen3-moe');
  await expect(page.getByText('104 tensors')).toBeVisible();
  expect(hub.journal.filter((entry) => entry.hasAuthorization || isPreflight(entry))).toEqual([]);
});
