import { expect, type Page } from '@playwright/test';
import { parametersOf, pastTheEdge, test, violations, visit } from './support/app.ts';

const SMALL = 'tiny-qwen3-moe';
const BIG = 'qwen3-235b-a22b';

const finder = (page: Page) => page.getByRole('dialog', { name: 'Find' });
const field = (page: Page) => finder(page).getByRole('combobox');
const chosen = (page: Page) => finder(page).getByRole('option', { selected: true });

async function open(page: Page, sample: string, view = 'map'): Promise<void> {
  await page.goto(`/?${new URLSearchParams({ sample, view })}`);
  await expect(page.locator('main h1')).toBeAttached();
}

/** Finds a text by keyboard and takes the first that fits. */
async function find(page: Page, text: string, first: string | RegExp): Promise<void> {
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type(text);
  await expect(chosen(page)).toContainText(first);
  await page.keyboard.press('Enter');
  await expect(finder(page)).toBeHidden();
}

test('a layer and an expert are found in every spelling, and their cell is brought into sight', async ({ page }) => {
  await open(page, BIG);
  const grid = page.getByRole('grid', { name: 'Layers by experts' });
  await expect(page.getByText(/No problems found/)).toBeVisible();
  for (let press = 0; press < 5; press++) await page.getByRole('button', { name: 'Larger cells' }).click();
  await find(page, 'L47 E99', 'Layer 47, expert 99');
  await expect(grid.getByRole('gridcell')).toContainText('Layer 47, expert 99');
  await expect.poll(() => grid.evaluate((element) => element.scrollTop > 0 && element.scrollLeft > 0)).toBe(true);
  await find(page, '3/7', 'Layer 3, expert 7');
  await expect(grid.getByRole('gridcell')).toContainText('Layer 3, expert 7');
  await find(page, 'layer 90', 'Layer 90');
  await expect.poll(() => parametersOf(page).get('layer')).toBe('90');
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type('L2 E128');
  await expect(finder(page).getByRole('status')).toContainText('Layer 2 has experts 0 to 127.');
  await page.keyboard.press('Escape');
  await expect(finder(page)).toBeHidden();
});

test('tensors, views, programs, samples and commands are found, all by keyboard', async ({ page }) => {
  await open(page, SMALL);
  await expect(page.getByText('104 tensors')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type('layers.2.mlp.experts.3.gate_proj.weight');
  await expect(finder(page).getByRole('option')).toHaveCount(1);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('complementary', { name: 'Tensor' })).toContainText(
    'model.layers.2.mlp.experts.3.gate_proj.weight',
  );
  await find(page, 'ranks', 'Ranks');
  await expect.poll(() => parametersOf(page).get('view')).toBe('ranks');
  await find(page, 'vllm', /vLLM/);
  const row = page.getByRole('listitem', { name: /vLLM/ }).first();
  await expect(row).toBeInViewport();
  await expect(row).toHaveAttribute('aria-current', 'true');
  await find(page, 'dark', 'Use the dark theme');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await find(page, 'tiny gpt', 'Open the sample Tiny gpt-oss');
  await expect.poll(() => parametersOf(page).get('sample')).toBe('tiny-gpt-oss');
  await expect(page.getByText(/No problems found/)).toBeVisible();
  const saved = page.waitForEvent('download');
  await find(page, 'svg the map', 'Save as SVG: the map');
  expect((await saved).suggestedFilename()).toMatch(/map.*\.svg$/);
});

test('repos that were opened are listed as recent models, and the arrow keys reach every entry', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe' });
  await expect(page.getByText('104 tensors')).toBeVisible();
  await page.getByRole('link', { name: 'moe-loom' }).click();
  await page.getByRole('button', { name: /^Find/ }).click();
  await expect(field(page)).toBeFocused();
  const options = finder(page).getByRole('option');
  await expect(options.filter({ hasText: 'tiny/qwen3-moe' })).toBeVisible();
  const count = await options.count();
  for (let press = 1; press < count; press++) await page.keyboard.press('ArrowDown');
  await expect(options.last()).toHaveAttribute('aria-selected', 'true');
  await expect(options.last()).toBeInViewport();
  await page.keyboard.type('tiny/qwen3');
  await page.keyboard.press('Enter');
  await expect(page.getByText('104 tensors')).toBeVisible();
});

test('? shows the keys of the view, not while one types, and axe finds nothing in either dialog', async ({ page }) => {
  await open(page, SMALL);
  const sheet = page.getByRole('dialog', { name: 'Keys' });
  for (const [view, group] of [
    ['Map', 'Grid of layers by experts'],
    ['Tensors', 'Rows that open'],
    ['Loads in', 'Choices side by side'],
    ['Convert', 'In every view'],
    ['Ranks', 'Lists and tables'],
    ['Compare', 'Rows that open'],
  ] as const) {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
    await page.keyboard.press('?');
    await expect(sheet.getByRole('region', { name: group })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(sheet).toBeHidden();
  }
  await page.getByRole('textbox', { name: 'Hub repo or URL' }).fill('a?');
  await page.keyboard.press('?');
  await expect(sheet).toBeHidden();
  await page.locator('main').focus();
  await page.keyboard.press('?');
  await expect(sheet).toBeVisible();
  expect(await violations(page)).toEqual([]);
  expect(await pastTheEdge(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type('l');
  await expect(finder(page).getByRole('option').first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
  expect(await pastTheEdge(page)).toEqual([]);
});

test('the first Tab leads past the frame, and the focus goes with the view', async ({ page }) => {
  await open(page, SMALL);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Skip to the view' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main', { name: 'Map view' })).toBeFocused();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Tensors' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main', { name: 'Tensors view' })).toBeFocused();
  await page.goBack();
  await expect(page.getByRole('main', { name: 'Map view' })).toBeFocused();
});

test('a copied link shows the same, and says what it does not carry', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, SMALL);
  await page.getByRole('radio', { name: 'Dtype' }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  expect(link.searchParams.get('colour')).toBe('dtype');
  expect(link.searchParams.get('shape')).toBe('grid');
  await page.goto(`/?${new URLSearchParams({ sample: SMALL, view: 'compare', with: 'local:my folder' })}`);
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('The link names the local files “my folder” on the right')).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
