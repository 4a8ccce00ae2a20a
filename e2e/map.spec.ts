import type { Page } from '@playwright/test';
import { expect, parametersOf, test, violations, visit } from './support/app.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const FUSED = 'moe-loom/Qwen3-235B-A22B-gate-up';

const grid = (page: Page) => page.getByRole('grid', { name: 'Layers by experts' });
const tooltip = (page: Page) => page.locator('.grid-frame .tooltip strong');
const overview = (page: Page) => page.getByRole('application', { name: /^Overview of the grid/ });
const legend = (page: Page) => page.locator('.map-tools').getByRole('figure', { name: 'Legend' });

/** A point of the grid's cells, as parts of its width and height. */
async function pointAt(page: Page, across: number, down: number): Promise<readonly [number, number]> {
  const box = await grid(page).boundingBox();
  if (!box) throw new Error('The grid is not there.');
  return [box.x + box.width * across, box.y + box.height * down];
}

/** Waits until what was asked for is painted. */
const painted = (page: Page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

test('the tooltip names the cell under a resting pointer after every scroll, zoom and resize', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: FUSED });
  await expect(page.getByText(/No problem found/)).toBeVisible();
  const [x, y] = await pointAt(page, 0.4, 0.5);
  await page.mouse.move(x, y);
  await expect(tooltip(page)).toHaveText(/^Layer \d+, expert \d+$/);
  let before = '';
  // What the tooltip says must be what a click at that place pins.
  const check = async (step: string) => {
    await painted(page);
    const named = (await tooltip(page).textContent()) ?? '';
    expect(named, step).not.toBe(before);
    before = named;
    await page.mouse.down();
    await page.mouse.up();
    const pinned = () => `Layer ${parametersOf(page).get('layer')}, expert ${parametersOf(page).get('expert')}`;
    await expect.poll(pinned, step).toBe(named);
  };
  await check('at rest');
  await page.keyboard.down('Control');
  for (let turn = 0; turn < 3; turn += 1) await page.mouse.wheel(0, -40);
  await page.keyboard.up('Control');
  await expect(overview(page)).toBeVisible();
  await painted(page);
  // It zooms at the pointer, whose cell stays.
  await expect(tooltip(page)).toHaveText(before);
  await grid(page).evaluate((element) => element.scrollBy(300, 120));
  await check('scrolled by script');
  await page.mouse.wheel(0, 90);
  await expect(tooltip(page)).not.toHaveText(before);
  await check('scrolled by the wheel');
  await overview(page).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(tooltip(page)).not.toHaveText(before);
  await check('moved by the overview');
  await grid(page).focus();
  await page.keyboard.press('0');
  await expect(tooltip(page)).not.toHaveText(before);
  await check('made to fit');
  await page.setViewportSize({ width: 1600, height: 900 });
  await expect(tooltip(page)).not.toHaveText(before);
  await check('resized');
});

test('cells grow by keys and buttons until the grid does not fit, and fit again', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/deepseek-v3' });
  const larger = page.getByRole('button', { name: 'Larger cells' });
  const fit = page.getByRole('button', { name: 'Fit' });
  await expect(fit).toBeDisabled();
  await expect(overview(page)).toHaveCount(0);
  await grid(page).focus();
  await page.keyboard.press('+');
  await expect(fit).toBeEnabled();
  await larger.click();
  await expect(larger).toBeDisabled();
  await expect(overview(page)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  const scrolled = () => grid(page).evaluate((element) => element.scrollLeft);
  const box = await overview(page).boundingBox();
  if (!box) throw new Error('The overview is not there.');
  await page.mouse.move(box.x + 2, box.y + 2);
  await page.mouse.down();
  await expect.poll(scrolled).toBe(0);
  await page.mouse.move(box.x + box.width - 2, box.y + 2, { steps: 4 });
  await page.mouse.up();
  await expect.poll(scrolled).toBeGreaterThan(200);
  const [x, y] = await pointAt(page, 0.3, 0.75);
  await page.mouse.move(x, y);
  const named = (await tooltip(page).textContent()) ?? '';
  // Cells are so large now that the next place is another cell.
  await page.mouse.move(x + 64, y);
  await expect(tooltip(page)).not.toHaveText(named);
  await fit.click();
  await expect(fit).toBeDisabled();
  await expect(overview(page)).toHaveCount(0);
});

test('file colouring names every file of the pointed cell, in the legend, the cell and the table', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: FUSED, layer: '34', expert: '63' });
  await expect(page.getByText(/No problem found/)).toBeVisible();
  await expect(page.getByRole('radio', { name: 'Layout' })).toBeChecked();
  const colours = page.getByRole('radiogroup', { name: 'Colour by' });
  await expect(colours.getByRole('radio')).toHaveText(['Layout', 'File', 'Dtype', 'Values', 'Rank']);
  await page.getByRole('radio', { name: 'File', exact: true }).click();
  const files = 'model-00035-of-00095.safetensors and model-00036-of-00095.safetensors';
  await expect(grid(page).getByRole('gridcell')).toContainText(files);
  await expect(legend(page)).toContainText('95 files in ten colours, which repeat');
  await expect(legend(page)).toContainText('Point at a cell to see its files.');
  const [x, y] = await pointAt(page, 0.4, 0.5);
  await page.mouse.move(x, y);
  await expect(legend(page)).toContainText(
    /files of this cell: model-\d{5}-of-00095.safetensors and model-\d{5}-of-00095/,
  );
  await page.getByRole('radio', { name: 'Table' }).click();
  const listed = page.getByRole('region', { name: 'Experts of layer 34' }).getByRole('listitem').first();
  await expect(listed).toContainText(files);
});

test('arrow keys and the pointer reach router, shared experts and attention', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/deepseek-v3', layer: '1', expert: '0' });
  const cell = grid(page).getByRole('gridcell');
  await expect(cell).toContainText('Layer 1, expert 0, present');
  await grid(page).focus();
  const details = page.getByRole('region', { name: 'Pinned expert' });
  for (const [words, name] of [
    ['router, 2 tensors', 'mlp.gate.e_score_correction_bias'],
    ['shared experts, 3 tensors', 'shared_experts.'],
    ['attention, ', 'self_attn.'],
  ] as const) {
    await page.keyboard.press('ArrowLeft');
    await expect(cell).toContainText(`Layer 1, ${words}`);
    await expect(details.getByRole('listitem').first()).toContainText(name);
  }
  await page.keyboard.press('ArrowRight');
  await expect(cell).toContainText('Layer 1, shared experts, 3 tensors');
  const box = await grid(page).boundingBox();
  if (!box) throw new Error('The grid is not there.');
  await page.mouse.move(box.x + 80, box.y + 70);
  await expect(page.locator('.grid-frame .tooltip')).toContainText(/mlp.gate.weight/);
});

test('a choice that an older version kept stays in force, bytes that are all equal give way to layout', async ({
  page,
  hub,
}) => {
  const kept = (colour: string) => JSON.stringify({ state: { theme: 'system', colour, shape: 'grid' }, version: 0 });
  await visit(page, hub);
  for (const [colour, shown] of [
    ['shard', 'File'],
    ['bytes', 'Layout'],
    ['rainbow', 'Layout'],
  ] as const) {
    await page.evaluate((value) => localStorage.setItem('moe-loom-choices', value), kept(colour));
    await visit(page, hub, { repo: 'tiny/qwen3-moe' });
    await expect(page.getByRole('radio', { name: shown, exact: true })).toBeChecked();
  }
});

test('rows are all there while headers arrive, and what is not read says so', async ({ page, hub }) => {
  hub.faults.add({ origin: 'cdn', pathRe: /model-001(0|1)\d-of-00118/, action: { type: 'ttfb', ms: 600_000 } });
  await visit(page, hub, { repo: BIG, layer: '93', expert: '7' });
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '94');
  await expect(grid(page).getByRole('gridcell')).toHaveText('Layer 93, expert 7, not read yet');
  await expect(legend(page)).toContainText('hatched: not read yet');
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
});

test('two fingers make cells larger where they are', async ({ page, hub }) => {
  await visit(page, hub, { repo: FUSED });
  await expect(page.getByText(/No problem found/)).toBeVisible();
  const [x, y] = await pointAt(page, 0.5, 0.5);
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchEnd' ? [] : [-apart, apart].map((by) => ({ x: x + by, y })),
    });
  const width = () => grid(page).evaluate((element) => element.scrollWidth);
  const before = await width();
  await touch('touchStart', 40);
  for (const apart of [60, 90, 120]) await touch('touchMove', apart);
  await touch('touchEnd', 0);
  await expect.poll(width).toBeGreaterThan(before * 2);
  await expect(overview(page)).toBeVisible();
  // No cell was pinned by it.
  expect(parametersOf(page).get('layer')).toBeNull();
});

test('the map takes the colours of ranks, by the address, and says the rank of each cell', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', framework: 'vllm', ep: '4', layer: '0', expert: '7' });
  await page.getByRole('radio', { name: 'Rank' }).click();
  await expect(legend(page)).toContainText(/rank 0.*rank 3.*EP 4/);
  await expect(grid(page).getByRole('gridcell')).toContainText('rank 2');
  await grid(page).focus();
  await page.keyboard.press('End');
  await expect(grid(page).getByRole('gridcell')).toContainText('rank 3');
  await page.reload();
  await expect(page.getByRole('radio', { name: 'Rank' })).toBeChecked();
});
