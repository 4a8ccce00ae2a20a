import { type Browser, expect, type Page } from '@playwright/test';
import { type Seen, seenOf, test } from './support/app.ts';

const BIG = 'qwen3-235b-a22b';
const SMALL = 'tiny-qwen3-moe';

async function open(page: Page, sample: string, parameters: Readonly<Record<string, string>> = {}): Promise<void> {
  await page.goto(`/?${new URLSearchParams({ sample, ...parameters })}`);
  await expect(page.locator('main h1')).toBeAttached();
}

/** Opens the page's address where nothing is remembered, and compares all that is seen. */
async function expectSameElsewhere(page: Page, browser: Browser): Promise<Seen> {
  // What is on its way into the address is there when two looks at it agree.
  let address = '';
  const isSettled = () => {
    const before = address;
    address = page.url();
    return before === address;
  };
  await expect.poll(isSettled, { intervals: [400] }).toBe(true);
  const here = await seenOf(page);
  const context = await browser.newContext({ viewport: page.viewportSize() });
  const other = await context.newPage();
  await other.goto(address);
  await expect.poll(() => seenOf(other), { timeout: 20_000 }).toEqual(here);
  expect(await other.evaluate(() => localStorage.getItem('moe-loom-choices'))).toBeNull();
  // Opening it adds nothing to the address, and takes nothing away.
  expect(new URL(other.url()).search).toBe(new URL(address).search);
  await context.close();
  return here;
}

const grid = (page: Page) => page.getByRole('grid', { name: 'Layers by experts' });

test('Map: colour, zoom, place, pin, and the drawing of a layer', async ({ page, browser }) => {
  await open(page, BIG);
  await expect(page.getByText(/No problem found/)).toBeVisible();
  await page.getByRole('radio', { name: 'Dtype' }).click();
  await page.getByRole('button', { name: /as it is stored/ }).click();
  for (let press = 0; press < 3; press++) await page.getByRole('button', { name: 'Larger cells' }).click();
  await grid(page).evaluate((element) => element.scrollTo(321, 234));
  await page.getByRole('radio', { name: 'Dark' }).click();
  const scrolled = await expectSameElsewhere(page, browser);
  expect(scrolled.scrolled).toContainEqual(expect.stringContaining('grid-scroller'));
  expect(scrolled.theme).toBe('dark');
  await grid(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Control+End');
  const pinned = await expectSameElsewhere(page, browser);
  expect(pinned.cells).toContainEqual(expect.stringContaining('Layer 93, expert 127'));
  expect(new URL(page.url()).searchParams.get('colour')).toBe('dtype');
});

test('Map: a pin beside the experts', async ({ page, browser }) => {
  await open(page, SMALL, { layer: '1', expert: '0' });
  await grid(page).focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  expect((await expectSameElsewhere(page, browser)).cells).toContainEqual(expect.stringContaining('router'));
});

test('Map as files: width, place, cursor', async ({ page, browser }) => {
  await open(page, BIG);
  await page.getByRole('radio', { name: 'Files' }).click();
  const strips = page.getByRole('grid', { name: 'Files, byte by byte' });
  await strips.focus();
  for (let press = 0; press < 6; press++) await page.keyboard.press('+');
  for (let press = 0; press < 3; press++) await page.keyboard.press('PageDown');
  for (let press = 0; press < 9; press++) await page.keyboard.press('ArrowRight');
  await expect(strips.getByRole('gridcell')).toContainText('model-00030-of-00118.safetensors');
  const seen = await expectSameElsewhere(page, browser);
  expect(seen.scrolled).toContainEqual(expect.stringContaining('grid-scroller'));
});

test('Map as tables: the layer and the expert are in sight', async ({ page, browser }) => {
  await open(page, BIG, { layer: '80', expert: '99' });
  await page.getByRole('radio', { name: 'Table' }).click();
  await expect(page.getByRole('button', { name: 'Layer 80', exact: true })).toBeInViewport();
  await expect(page.getByRole('button', { name: /^expert 99/ })).toBeInViewport();
  await expectSameElsewhere(page, browser);
});

test('Tensors: search, mode, sort, filter, listing, details', async ({ page, browser }) => {
  await open(page, SMALL, { view: 'tensors' });
  await page.getByRole('searchbox', { name: 'Search tensors' }).fill('gate');
  await page.getByRole('radio', { name: 'Fuzzy' }).click();
  await page.getByRole('button', { name: 'Bytes', exact: true }).click();
  await page.getByRole('grid', { name: 'Tensors' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect((await expectSameElsewhere(page, browser)).controls).toContainEqual(expect.stringContaining('gate'));
});

test('Loads in: a named program is brought into view', async ({ page, browser }) => {
  await open(page, SMALL, { view: 'loads', program: 'vllm' });
  await expect(page.getByRole('listitem', { name: /vLLM/ }).first()).toBeInViewport();
  await expectSameElsewhere(page, browser);
});

test('Convert: target, layers, how it is made', async ({ page, browser }) => {
  await open(page, SMALL, { view: 'convert' });
  await page.getByRole('radio', { name: /^gate-up / }).check();
  await expectSameElsewhere(page, browser);
  expect(new URL(page.url()).searchParams.get('target')).toBe('gate-up');
});

test('Ranks: placement, pinned rank, place, tables', async ({ page, browser }) => {
  await open(page, BIG, { view: 'ranks', ep: '64' });
  const list = page.getByRole('listbox', { name: 'Ranks' });
  await list.focus();
  for (let press = 0; press < 4; press++) await page.keyboard.press('PageDown');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /Bytes that rank 40 reads/ }).click();
  await page.mouse.move(2, 2);
  const seen = await expectSameElsewhere(page, browser);
  expect(seen.controls).toContainEqual(expect.stringMatching(/Rank 40,.*selected=true/));
  await page.getByRole('radio', { name: 'Table' }).click();
  await expectSameElsewhere(page, browser);
  await page.goBack();
  await expect(list).toBeVisible();
});

test('Ranks: a link to an expert brings its cell and the rank that holds it into sight', async ({ page }) => {
  await open(page, BIG, { view: 'ranks', ep: '64', layer: '90', expert: '127' });
  await expect(page.getByRole('option', { name: /holds layer 90, expert 127/ })).toBeInViewport();
  const cell = page.getByRole('grid', { name: 'Experts by rank' });
  await expect(cell.getByRole('gridcell')).toContainText('Layer 90, expert 127');
  // The placement draws all layers as flat as it must: nothing of it is out of sight.
  expect(await cell.evaluate((element) => element.scrollHeight - element.clientHeight)).toBeLessThanOrEqual(0);
});

test('Memory: a set-up and one to compare', async ({ page, browser }) => {
  await open(page, SMALL, { view: 'ranks' });
  await page.getByRole('radio', { name: /^Memory/ }).click();
  await page.getByRole('button', { name: 'Keep to compare' }).click();
  await expectSameElsewhere(page, browser);
});

test('Compare: what is listed, colours, open rows, the chosen pair', async ({ page, browser }) => {
  await open(page, SMALL, { view: 'compare', with: 'sample:tiny-qwen3-moe' });
  await page.getByRole('radio', { name: 'Status' }).click();
  const tree = page.getByRole('treegrid');
  await tree.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  for (let press = 0; press < 9; press++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  const seen = await expectSameElsewhere(page, browser);
  expect(seen.controls.some((control) => control.includes('expanded=true'))).toBe(true);
  await page.getByRole('button', { name: 'Open all' }).click();
  await expectSameElsewhere(page, browser);
});

test('what this browser remembers holds for addresses that say nothing, and a link wins over it', async ({ page }) => {
  await open(page, SMALL);
  await page.getByRole('radio', { name: 'Table' }).click();
  await page.getByRole('radio', { name: 'Dark' }).click();
  await open(page, SMALL);
  await expect(page.getByRole('radio', { name: 'Table' })).toBeChecked();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect.poll(() => new URL(page.url()).searchParams.get('shape')).toBe('table');
  await open(page, SMALL, { shape: 'grid', theme: 'light' });
  await expect(grid(page)).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});
