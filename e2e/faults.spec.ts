import { expect, parametersOf, test, violations, visit } from './support/app.ts';
import type { JournalEntry } from './support/hub/exchange.ts';
import type { HubServer } from './support/hub/server.ts';

const REPO = 'preset/per-expert-tiny';
const TINY_TENSORS = '80 tensors';

/** Names of the shards that were asked for, in order. */
function shardsAsked(hub: HubServer): string[] {
  return hub.journal
    .filter((entry: JournalEntry) => entry.class === 'resolver')
    .flatMap((entry) => /model-\d+-of-\d+/.exec(entry.path)?.[0] ?? []);
}

test('shards that cannot be read are named, the others shown, and only these are asked for again', async ({
  page,
  hub,
}) => {
  hub.faults.add({ origin: 'cdn', pathRe: '0000[23]-of-00003', action: { type: 'wrongContentRange', mode: 'shift' } });
  await visit(page, hub, { repo: REPO });
  const notice = page.getByRole('region', { name: '2 files could not be read.' });
  await expect(notice).toContainText('model-00002-of-00003.safetensors');
  await expect(notice).toContainText('such bytes cannot be trusted');
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
  await expect(page.getByText(/^\d+ errors? in the files that were read$/)).toBeVisible();
  const doubt = page.getByText('Missing tensors may be in the files that could not be read.');
  await expect(doubt).toBeVisible();
  expect(await violations(page)).toEqual([]);

  hub.faults.clear();
  hub.faults.add({ origin: 'cdn', pathRe: '00003-of-00003', action: { type: 'wrongContentRange', mode: 'shift' } });
  hub.clearJournal();
  const retry = notice.getByRole('button', { name: 'Retry these' });
  await retry.focus();
  await page.keyboard.press('Enter');
  const left = page.getByRole('region', { name: '1 file could not be read.' });
  await expect(left.getByRole('button', { name: 'Retry these' })).toBeFocused();
  expect(new Set(shardsAsked(hub))).toEqual(new Set(['model-00002-of-00003', 'model-00003-of-00003']));
  expect(hub.journal.filter((entry) => entry.class === 'api')).toEqual([]);

  hub.faults.clear();
  hub.clearJournal();
  await page.keyboard.press('Enter');
  await expect(page.getByText(TINY_TENSORS)).toBeVisible();
  await expect(left).toBeHidden();
  await expect(doubt).toBeHidden();
  expect(shardsAsked(hub)).toEqual(['model-00003-of-00003']);
  await expect(page.getByRole('main')).toBeFocused();
  await expect.poll(() => parametersOf(page).get('repo')).toBe(REPO);
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Tensors' }).click();
  await expect(page.getByText(TINY_TENSORS)).toBeVisible();
});

test('what cannot be read keeps every view open and a conversion shut', async ({ page, hub }) => {
  hub.faults.add({ origin: 'cdn', pathRe: '00002-of-00003', action: { type: '416' } });
  await visit(page, hub, { repo: REPO, view: 'convert', target: 'stacked' });
  await expect(page.getByRole('region', { name: '1 file could not be read.' })).toContainText(
    'shorter than the listing',
  );
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeDisabled();
  hub.faults.clear();
  await page.getByRole('button', { name: 'Retry these' }).click();
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeEnabled();
});

test('a door that closes midway leaves what was read, and the sentence with the page where access is asked', async ({
  page,
  hub,
}) => {
  hub.faults.add({ origin: 'hub', pathRe: '/resolve/', after: 1, action: { type: 'gated401' } });
  await visit(page, hub, { repo: REPO });
  const notice = page.getByRole('region', { name: /files? could not be read\./ });
  await expect(notice).toContainText(`Accept them at ${hub.url}/${REPO}`);
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
});

test('reading again can be stopped, and what was read stays', async ({ page, hub }) => {
  hub.faults.add({ origin: 'cdn', pathRe: '00002-of-00003', action: { type: '416' } });
  await visit(page, hub, { repo: REPO });
  const notice = page.getByRole('region', { name: '1 file could not be read.' });
  await expect(notice).toBeVisible();
  hub.faults.clear();
  hub.faults.add({ origin: 'cdn', pathRe: '00002-of-00003', action: { type: 'ttfb', ms: 600_000 } });
  await notice.getByRole('button', { name: 'Retry these' }).click();
  await notice.getByRole('button', { name: 'Cancel' }).click();
  await expect(notice.getByRole('button', { name: 'Retry these' })).toBeVisible();
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
});

test('on 429 all requests wait, the screen counts down, and the opening goes on by itself', async ({ page, hub }) => {
  hub.faults.add({ origin: 'hub', pathRe: '/resolve/.*00002-of', times: 1, action: { type: 'rate429' } });
  await visit(page, hub, { repo: REPO });
  const pause = page.getByRole('region', { name: 'Pause' });
  await expect(pause).toContainText('asks for fewer requests (429)');
  await expect(pause.getByRole('timer')).toHaveText(/^0:0[1-5]$/);
  await expect(pause.getByRole('button', { name: 'Cancel' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await expect(page.getByText(TINY_TENSORS)).toBeVisible();
  await expect(pause).toBeHidden();
  await expect(page.getByText(/No problem found/)).toBeVisible();
});

test('a long pause can be cancelled', async ({ page, hub }) => {
  hub.faults.add({ origin: 'hub', pathRe: '^/api/models', action: { type: 'rate429', cors: true } });
  await visit(page, hub, { repo: REPO });
  const pause = page.getByRole('region', { name: 'Pause' });
  await expect(pause.getByRole('timer')).toBeVisible();
  await pause.getByRole('button', { name: 'Cancel' }).click();
  await expect(pause).toBeHidden();
  await expect(page.getByRole('alert')).toContainText('You stopped the opening');
});

test('a conversion waits out a 429 too, and ends well', async ({ page, hub }) => {
  await visit(page, hub, { repo: REPO, view: 'convert', target: 'stacked' });
  const start = page.getByRole('button', { name: 'Start conversion' });
  await expect(start).toBeEnabled();
  hub.faults.add({ origin: 'hub', pathRe: '/resolve/.*00002-of', times: 1, action: { type: 'rate429' } });
  await start.click();
  await expect(page.getByRole('region', { name: 'Pause' })).toContainText('asks for fewer requests (429)');
  await expect(page.getByRole('region', { name: 'Report' })).toContainText('all equal');
  await expect(page.getByRole('region', { name: 'Pause' })).toBeHidden();
});
