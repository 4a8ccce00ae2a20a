import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { unzip } from '../src/core/sink/unzip.fixture.ts';
import { expect, parametersOf, pastTheEdge, storedFiles, test, violations, visit } from './support/app.ts';
import { inWorkers } from './support/no-storage.ts';

const TINY = '/?sample=tiny-qwen3-moe&view=convert&target=gate-up';
const report = (page: Page) => page.getByRole('region', { name: 'Report' });
const finished = (page: Page) => page.getByRole('region', { name: 'Finished conversions', exact: true });
const box = (page: Page) => page.getByRole('textbox', { name: 'Hub repo or URL' });
const view = (page: Page, name: string) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name });
const icon = (page: Page) => page.locator('link[rel="icon"]');

async function convert(page: Page): Promise<void> {
  await page.goto(TINY);
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(report(page)).toContainText('all equal');
}

const toStart = (page: Page) => page.getByRole('link', { name: 'moe-loom' }).click();

/** SHA-256 of every file below a folder of the browser storage, by its path in there. */
function sums(page: Page, below: string): Promise<Record<string, string>> {
  return page.evaluate(async (root) => {
    const found: Record<string, string> = {};
    const walk = async (folder: FileSystemDirectoryHandle, path: string) => {
      for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
        else {
          const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
          const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          found[path + name] = [...sum].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        }
      }
    };
    await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle(root), '');
    return found;
  }, below);
}

/** The same without the folder of the job. */
async function sumsOfJob(page: Page): Promise<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(await sums(page, 'moe-loom')).map(([name, sum]) => [name.replace(/^[^/]+\//, ''), sum]),
  );
}

/** The browser storage stands in for a folder that a person picks. */
async function standInForPicker(page: Page): Promise<void> {
  await page.addInitScript(() => {
    (window as unknown as { showDirectoryPicker: unknown }).showDirectoryPicker = async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true });
  });
}

test('a result is one click from its report, has an address, and opens again after a reload in every view', async ({
  page,
  browser,
  baseURL,
}) => {
  await convert(page);
  await report(page).getByRole('button', { name: 'Open the result' }).click();
  await expect.poll(() => parametersOf(page).get('job')).toMatch(/^\d{8}-\d{6}-gate-up-[0-9a-f]{4}$/);
  const job = parametersOf(page).get('job') ?? '';
  await expect(box(page)).toHaveValue(`job:${job}`);
  await page.reload();
  await expect(page).toHaveTitle(`job:${job} · moe-loom`);
  await expect(page.getByText('No problem found')).toBeVisible();
  for (const [name, shown] of [
    ['Tensors', /experts\.gate_up_proj/],
    ['Loads in', /of \d+ programs load it/],
    ['Ranks', /rank/],
  ] as const) {
    await view(page, name).click();
    await expect(page.getByRole('main').getByText(shown).first()).toBeVisible();
  }
  await view(page, 'Convert').click();
  await page.getByRole('radio', { name: /^per-expert / }).check();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(report(page)).toContainText('all equal');
  // Another worker reads the values from the browser storage.
  await page.goto(`/?job=${job}&view=compare&with=sample:tiny-qwen3-moe`);
  await page
    .getByRole('button', { name: /^Compare .*values|^Compare all/ })
    .first()
    .click();
  await expect(page.getByRole('main')).toContainText(/equal/);
  // Another browser does not have it, says so, and leads on.
  const other = await browser.newContext({ ...(baseURL === undefined ? {} : { baseURL }) });
  const stranger = await other.newPage();
  await stranger.goto(`/?job=${job}`);
  const notice = stranger.getByRole('alert');
  await expect(notice).toContainText('This browser does not have this result.');
  await expect(notice).toContainText('Open the link in that browser, convert the model again, or drop the folder');
  expect(await violations(stranger)).toEqual([]);
  await notice.getByRole('button', { name: 'See finished conversions' }).click();
  await expect(stranger.getByText('Files never leave this machine')).toBeVisible();
  // A name that no conversion can have opens nothing; typed, it is refused with a reason.
  await stranger.goto('/?job=..%2F..%2Fetc');
  await expect(stranger.getByText('Files never leave this machine')).toBeVisible();
  await box(stranger).fill('job:../etc');
  await box(stranger).press('Enter');
  await expect(stranger.getByRole('alert')).toContainText('No conversion is called ../etc');
  await other.close();
});

test('the start page lists a finished conversion: open it, save it as one ZIP, delete it', async ({ page }) => {
  await convert(page);
  await page.goto('/');
  const row = finished(page).getByRole('listitem');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('per-expert → gate-up');
  await expect(row).toContainText(/\d+ kB, 5 files, in the storage of this browser, just now\./);
  await expect(row).toContainText(/\d+ tensors, \d+ kB read back, all equal\./);
  expect(await violations(page)).toEqual([]);
  expect(await pastTheEdge(page)).toEqual([]);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    row.getByRole('button', { name: 'Save as one ZIP' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^[\w.-]+-gate-up\.zip$/);
  const folder = download.suggestedFilename().replace(/\.zip$/, '/');
  const unpacked = [...unzip(readFileSync(await download.path()))].map(([name, bytes]) => [
    name.replace(folder, ''),
    createHash('sha256').update(bytes).digest('hex'),
  ]);
  expect(Object.fromEntries(unpacked)).toEqual(await sumsOfJob(page));
  expect(unpacked).toHaveLength(5);
  await expect(row.getByRole('status')).toContainText(/^The browser is saving .*\.zip \(\d+ kB\)/);

  await row.getByRole('button', { name: /^Report on / }).click();
  await expect(report(page)).toContainText('all equal');
  await report(page).getByRole('button', { name: 'Close report' }).click();
  await row.getByRole('button', { name: /^Open / }).press('Enter');
  await expect(page.getByText('No problem found')).toBeVisible();

  await toStart(page);
  await row.getByRole('button', { name: /^Delete / }).click();
  const question = row.getByRole('group', { name: /^This deletes the result .* and frees \d+ kB\.$/ });
  await expect(question.getByRole('button', { name: 'Keep' })).toBeFocused();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(question).toHaveCount(0);
  await row.getByRole('button', { name: /^Delete / }).click();
  await question.getByRole('button', { name: /^Delete \d+ kB$/ }).click();
  await expect(finished(page)).toHaveCount(0);
  expect(await storedFiles(page)).toEqual([]);
});

test('a result that is open is closed when it is deleted here, and stays when another tab has it open', async ({
  page,
  context,
}) => {
  await convert(page);
  await report(page).getByRole('button', { name: 'Open the result' }).click();
  await expect(page.getByText('No problem found')).toBeVisible();
  await view(page, 'Convert').click();
  await report(page).getByRole('button', { name: 'Close report' }).click();
  const other = await context.newPage();
  await other.goto('/');
  const row = finished(other).getByRole('listitem');
  await expect(row).toContainText('Another tab has this result open.');
  await row.getByRole('button', { name: /^Delete / }).click();
  await row.getByRole('button', { name: /^Delete \d+ kB$/ }).click();
  await expect(row.getByRole('alert')).toContainText('Close it there, then delete it here.');
  const here = finished(page).getByRole('listitem');
  await here.getByRole('button', { name: /^Delete / }).click();
  await here.getByRole('button', { name: /^Delete \d+ kB$/ }).click();
  await expect(page.getByText('Files never leave this machine')).toBeVisible();
  await expect(finished(page)).toHaveCount(0);
  expect(await storedFiles(page)).toEqual([]);
});

test('a result is saved into an empty folder, and no other (browser storage standing in for it)', async ({ page }) => {
  await standInForPicker(page);
  await convert(page);
  const save = report(page).getByRole('button', { name: 'Save into a folder…' });
  await save.click();
  await expect(report(page).getByRole('status')).toContainText(/^Saved 5 files \(\d+ kB\) into the folder picked\./);
  expect(await sums(page, 'picked')).toEqual(await sumsOfJob(page));
  await save.click();
  await expect(report(page).getByRole('status')).toContainText('The folder picked is not empty');
  expect(Object.keys(await sums(page, 'picked'))).toHaveLength(5);
});

/** Converts into a picked folder that the browser no longer lets the page read, until the page asks for it. */
async function convertIntoLockedFolder(page: Page): Promise<void> {
  await standInForPicker(page);
  // A lock that the page holds stands in for the permission: pages and workers both see it.
  const asked = async () =>
    (await navigator.locks.query()).held?.some(({ name }) => name === 'allowed') ? 'granted' : 'prompt';
  await inWorkers(page, `FileSystemHandle.prototype.queryPermission = ${asked};`);
  await page.goto(TINY);
  await page.getByRole('radio', { name: /^A folder I pick/ }).check();
  await page.getByRole('button', { name: 'Pick a folder' }).click();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(report(page)).toContainText('all equal');
  await page.evaluate(() => {
    (FileSystemHandle.prototype as unknown as { requestPermission: unknown }).requestPermission = async () => {
      await new Promise<void>((resolve) => {
        void navigator.locks.request('allowed', () => {
          resolve();
          return new Promise(() => {});
        });
      });
      return 'granted';
    };
  });
}

test('a comparison with a result in a picked folder asks the browser for the folder at a press', async ({ page }) => {
  await convertIntoLockedFolder(page);
  await report(page).getByRole('button', { name: 'Compare with the original' }).click();
  await expect(page.getByRole('alert')).toContainText('is in the folder picked, and the browser asks again');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Allow reading the folder' }).click();
  await expect(page.getByRole('region', { name: 'Values' })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a result in a picked folder opens from its link, when the browser lets the page read the folder', async ({
  page,
}) => {
  await convertIntoLockedFolder(page);
  await report(page).getByRole('button', { name: 'Open the result' }).click();
  await expect(page.getByRole('alert')).toContainText('is in the folder picked, and the browser asks again');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Allow reading the folder' }).click();
  await expect(page.getByText('No problem found')).toBeVisible();
  await expect.poll(() => parametersOf(page).get('job')).toMatch(/-gate-up-/);
  await page.goto('/');
  const row = finished(page).getByRole('listitem');
  await expect(row).toContainText('in the folder picked');
  await row.getByRole('button', { name: /^Forget / }).click();
  await row.getByRole('button', { name: 'Forget it' }).click();
  await expect(finished(page)).toHaveCount(0);
  expect((await storedFiles(page)).every((name) => name.startsWith('picked/'))).toBe(true);
});

test('a running conversion is seen from every view, in the rail, the title and the icon, until its end was seen', async ({
  page,
  hub,
}) => {
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: 'slow', bps: 8_000 } });
  await visit(page, hub, { repo: 'tiny/mixtral', view: 'convert', target: 'stacked', 'max-shard': '30 KB' });
  const plain = await icon(page).getAttribute('href');
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await view(page, 'Map').click();
  const rail = page.getByRole('navigation', { name: 'Views' });
  const bar = rail.getByRole('progressbar', { name: 'Conversion to stacked' });
  await expect(bar).toHaveAttribute('aria-valuetext', /^\d+ %, /);
  await expect(rail.getByRole('link', { name: /^Converting \d+ % / })).toBeVisible();
  await expect(page).toHaveTitle(/^\d+ % · tiny\/mixtral · moe-loom$/);
  await expect(icon(page)).toHaveAttribute('href', /^data:image\/png;base64,/);
  // With nothing open, the conversion can still be reached.
  await toStart(page);
  await rail.getByRole('link', { name: /^Converting / }).press('Enter');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page).toHaveTitle(/^Paused at \d+ % · moe-loom$/);
  await expect(rail.getByRole('link', { name: /^Paused \d+ %$/ })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  expect(await pastTheEdge(page)).toEqual([]);
  hub.faults.clear();
  await page.getByRole('button', { name: 'Resume' }).click();
  await toStart(page);
  await expect(page).toHaveTitle('✓ Converted · moe-loom');
  await rail.getByRole('link', { name: /Converted See the report/ }).click();
  await expect(report(page)).toContainText('all equal');
  await expect(page).toHaveTitle('moe-loom');
  await expect(rail.getByText('Converted')).toHaveCount(0);
  await expect(icon(page)).toHaveAttribute('href', plain ?? '');
});

test('a conversion that fails is seen from another view, until it was seen', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/mixtral', view: 'convert', target: 'stacked', 'max-shard': '30 KB' });
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeEnabled();
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: 'ttfb', ms: 0, until } });
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await view(page, 'Map').click();
  // It fails only where it cannot be seen failing.
  await expect(page).toHaveTitle(/^0 % · /);
  hub.faults.clear();
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: '404entry' } });
  release();
  await expect(page).toHaveTitle(/^✗ Failed · /);
  const rail = page.getByRole('navigation', { name: 'Views' });
  expect(await violations(page)).toEqual([]);
  await rail.getByRole('link', { name: /Failed See what happened/ }).click();
  await expect(page.getByRole('region', { name: 'Conversion', exact: true }).getByRole('alert')).toBeVisible();
  await expect(page).toHaveTitle('tiny/mixtral · moe-loom');
});
