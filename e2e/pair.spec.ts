import type { Page } from '@playwright/test';
import { expect, moveTo, test, violations, visit } from './support/app.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const STACKED = { repo: BIG, view: 'compare', with: 'moe-loom/Qwen3-235B-A22B-stacked' };

const panel = (page: Page) => page.getByRole('region', { name: 'One layer on both sides' });
const grid = (page: Page, side: string) => page.getByRole('grid', { name: `Layers by experts, ${side}` });

test('a layer of two 235Bs is drawn, all within reach of the keyboard, and both sides scroll as one', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { ...STACKED, layer: '5', expert: '7' });
  const drawing = panel(page).getByRole('img');
  await expect(drawing).toHaveAccessibleName(/^Layer 5\. Left: per-expert \(projections\), 128 experts, 4\.98 GB/, {
    timeout: 30_000,
  });
  await expect(drawing).toHaveAccessibleName(/Right: stacked \(plain\), 128 experts.* Expert 7 is marked\.$/);
  await panel(page).getByRole('combobox', { name: 'Layer' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(drawing).toHaveAccessibleName(/^Layer 6\..* Expert 7 is marked\.$/);
  await panel(page).getByRole('combobox', { name: 'Expert' }).focus();
  await page.keyboard.press('End');
  await expect(drawing).toHaveAccessibleName(/^Layer 6\..* Expert 127 is marked\.$/);
  await expect(page).toHaveURL(/layer=6&expert=127/);
  await expect(grid(page, 'right').getByRole('gridcell')).toContainText('Layer 6, expert 127');
  await panel(page).getByText('As a list, of expert 127').click();
  await expect(panel(page).getByText(/^gate 127: model\.layers\.6\.mlp\.experts\.127\.gate_proj/)).toBeVisible();
  await expect(panel(page).getByText(/^expert 127: gate in bytes .* on the left, gate in bytes/)).toBeVisible();

  // To open both takes longer than all that is looked at: the same page shows them with nothing chosen.
  await moveTo(page, { endpoint: hub.url, ...STACKED });
  await test.step('each side shows its own layout, and both scroll as one', () => scrollTogether(page));
});

async function scrollTogether(page: Page): Promise<void> {
  const maps = page.getByRole('figure').filter({ has: grid(page, 'left') });
  await expect(maps).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('one tensor for each expert', { exact: true })).toBeVisible();
  await expect(page.getByText('one tensor holds all experts', { exact: true })).toBeVisible();
  const placeOf = (side: string) =>
    grid(page, side).evaluate(({ scrollTop, scrollLeft }) => ({ top: scrollTop, left: scrollLeft }));
  await panel(page).getByRole('combobox', { name: 'Layer' }).selectOption('Layer 93');
  await expect.poll(async () => (await placeOf('left')).top).toBeGreaterThan(100);
  expect((await placeOf('right')).top).toBe((await placeOf('left')).top);
  await panel(page).getByRole('combobox', { name: 'Layer' }).selectOption('Layer 0');
  await expect.poll(() => placeOf('right')).toEqual({ top: 0, left: 0 });
  await grid(page, 'left').hover();
  await page.mouse.wheel(0, 137);
  await expect.poll(() => placeOf('right')).toEqual({ top: 137, left: 0 });
  await grid(page, 'right').hover();
  await page.mouse.wheel(0, -37);
  await expect.poll(() => placeOf('left')).toEqual({ top: 100, left: 0 });
  expect(await placeOf('right')).toEqual({ top: 100, left: 0 });
  await page.getByRole('radio', { name: 'Status' }).click();
  await expect(page.getByText('one tensor holds all experts', { exact: true })).toBeHidden();
}

test('the drawing of both sides is saved with where it is from, and axe finds nothing', async ({ page, hub }) => {
  await visit(page, hub, {
    repo: 'tiny/qwen3-moe',
    view: 'compare',
    with: 'preset/stacked-tiny',
    expert: '3',
    layer: '0',
  });
  await expect(panel(page).getByRole('img')).toHaveAccessibleName(/Expert 3 is marked/);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as SVG: both sides' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^compare-tiny-qwen3-moe.*Layer-0\.svg$/);
  const text = await (await download.createReadStream()).toArray();
  const svg = Buffer.concat(text).toString();
  expect(svg).toContain('Left: tiny/qwen3-moe@');
  expect(svg).toContain('Right: preset/stacked-tiny@');
  expect(svg).toContain('Expert 3 is marked.');
  expect(await violations(page)).toEqual([]);
});
