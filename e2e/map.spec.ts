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
  await visit(page, hub, { repo: BIG });
  await expect(page.getByText(/Nothing odd/)).toBeVisible();
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

test('cells grow by keys and buttons to their bands and numbers, and fit again', async ({ page, hub }) => {
  await visit(page, hub, { repo: BIG });
  await expect(page.getByText(/Nothing odd/)).toBeVisible();
  const larger = page.getByRole('button', { name: 'Larger cells' });
  const fit = page.getByRole('button', { name: 'Fit' });
  await expect(fit).toBeDisabled();
  await grid(page).focus();
  await page.keyboard.press('+');
  await expect(fit).toBeEnabled();
  await expect(async () => {
    await larger.click({ timeout: 1000 });
    await expect(larger).toBeDisabled({ timeout: 100 });
  }).toPass();
  expect(await violations(page)).toEqual([]);
  const [x, y] = await pointAt(page, 0.4, 0.5);
  await page.mouse.move(x, y);
  const named = await tooltip(page).textContent();
  // Cells are so large now that the next place is another cell.
  await page.mouse.move(x + 64, y);
  await expect(tooltip(page)).not.toHaveText(named ?? '');
  await fit.click();
  await expect(fit).toBeDisabled();
});

test('file colouring names every file of the pointed cell, in the legend, the cell and the table', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: FUSED, layer: '34', expert: '63' });
  await expect(page.getByText(/Nothing odd/)).toBeVisible();
  await expect(page.getByRole('radio', { name: 'Layout' })).toBeChecked();
  const colours = page.getByRole('radiogroup', { name: 'Colour by' });
  await expect(colours.getByRole('radio')).toHaveText(['Layout', 'File', 'Dtype', 'Values']);
  await page.getByRole('radio', { name: 'File' }).click();
  const files = 'model-00035-of-00095.safetensors and model-00036-of-00095.safetensors';
  await expect(grid(page).getByRole('gridcell')).toContainText(files);
  await expect(legend(page)).toContainText('95 files in ten colours by turns');
  await expect(legend(page)).toContainText('Point at a cell to see its files.');
  const [x, y] = await pointAt(page, 0.4, 0.5);
  await page.mouse.move(x, y);
  await expect(legend(page)).toContainText(/pointing at: model-\d{5}-of-00095.safetensors and model-\d{5}-of-00095/);
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
