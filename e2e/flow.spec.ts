import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test, violations, visit } from './support/app.ts';

const TINY = { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' };

const panel = (page: Page) => page.getByRole('region', { name: /^What happens to layer/ });
const range = (page: Page) => panel(page).getByRole('slider', { name: /^Progress of the bytes of layer/ });
const picture = (page: Page) =>
  panel(page).getByRole('img', { name: /^Layer \d+: per-expert to stacked\. Above: 36 runs/ });

test('a layer’s bytes are played from stored to written, stepped and scrubbed by keyboard', async ({ page, hub }) => {
  await visit(page, hub, TINY);
  await expect(picture(page)).toBeVisible();
  await expect(panel(page)).toContainText('All 36 pieces are in their new place.');
  await panel(page).getByRole('button', { name: 'Play' }).click();
  await panel(page).getByRole('button', { name: 'Pause' }).click();
  await expect(panel(page).getByText(/^\d+ of 36 pieces are in their new place\.$/)).toBeVisible();
  await panel(page).getByRole('button', { name: 'Play' }).click();
  await expect(panel(page)).toContainText('All 36 pieces are in their new place.');
  await expect(panel(page).getByRole('button', { name: 'Play' })).toBeVisible();

  await range(page).focus();
  await page.keyboard.press('Home');
  await expect(panel(page)).toContainText('0 of 36 pieces');
  await expect(range(page)).toHaveAttribute('aria-valuetext', '0 %, 0 of 36 pieces in place');
  await page.keyboard.press('ArrowRight');
  await expect(range(page)).toHaveAttribute('aria-valuetext', '1 %, 0 of 36 pieces in place');
  await page.keyboard.press('Home');
  await panel(page).getByRole('button', { name: 'Next piece' }).press('Enter');
  await expect(panel(page)).toContainText('1 of 36 pieces');
  await panel(page).getByRole('button', { name: 'Previous piece' }).press('Enter');
  await expect(panel(page)).toContainText('0 of 36 pieces');

  await panel(page).getByRole('combobox', { name: 'Layer' }).selectOption('2');
  await expect(panel(page).getByRole('img', { name: /^Layer 2: per-expert to stacked\./ })).toBeVisible();
  await expect(page).toHaveURL(/[?&]layer=2\b/);
});

test('the picture is saved as it is seen, and says every range in words', async ({ page, hub }) => {
  await visit(page, hub, TINY);
  await expect(picture(page)).toBeVisible();
  await range(page).focus();
  await page.keyboard.press('Home');
  const saved = async (button: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel(page).getByRole('button', { name: button }).click(),
    ]);
    return [download.suggestedFilename(), (await readFile(await download.path())).toString('latin1')] as const;
  };
  const [name, before] = await saved('Save as SVG');
  expect(name).toMatch(/^tiny-qwen3-moe.*-layer-0-flow\.svg$/);
  expect(before).toContain('0 % of the way');
  await range(page).focus();
  await page.keyboard.press('End');
  const [, after] = await saved('Save as SVG');
  expect(after.split('<rect').length).toBe(before.split('<rect').length + 36);
  const [png, bytes] = await saved('Save as PNG');
  expect([png.endsWith('flow.png'), bytes.slice(1, 4)]).toEqual([true, 'PNG']);
  await panel(page).getByText('Every piece as a list').click();
  await expect(panel(page).getByRole('listitem')).toHaveCount(36);
  await expect(panel(page).getByRole('listitem').first()).toHaveText(
    'down 0: from model-00001-of-00003.safetensors, bytes 70,392 to 76,536, to model.layers.0.mlp.experts.down_proj in model.safetensors, bytes 69,584 to 75,728',
  );
});

test('who asks for less motion sees both ends in one picture, and can still step', async ({ page, hub }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await visit(page, hub, TINY);
  await expect(picture(page)).toBeVisible();
  await expect(panel(page).getByRole('button', { name: 'Play' })).toHaveCount(0);
  await panel(page).getByRole('button', { name: 'Previous piece' }).click();
  await expect(panel(page)).toContainText('35 of 36 pieces');
});

test('axe finds nothing wrong with the flow, and a narrow page does not scroll sideways', async ({ page, hub }) => {
  await visit(page, hub, TINY);
  await expect(picture(page)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await panel(page).scrollIntoViewIfNeeded();
  await expect(panel(page).getByRole('button', { name: 'Save as SVG' })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('what a rank reads of a layer follows the rank, and its ranges are the plan’s', async ({ page, hub }) => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'ranks', ep: '4', target: 'gate-up' });
  const cut = page.getByRole('region', { name: 'Bytes that a rank reads from a layer' });
  await expect(cut).toContainText('Experts 0–2 of 12: 55.3 kB in 2 ranges of 1 file.');
  await expect(cut.getByRole('img')).toHaveCount(2);
  await cut.getByRole('slider', { name: 'Rank' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(cut).toContainText('Experts 3–5 of 12');
  await expect(page.getByRole('option', { name: /^Rank 1, / })).toHaveAttribute('aria-selected', 'true');
  await expect(cut.getByRole('cell', { name: 'experts.gate_up_proj[3:6]' })).toBeVisible();
  await page.getByRole('option', { name: /^Rank 3, / }).click();
  await expect(cut).toContainText('Bytes that rank 3 reads from layer 0');
  await expect(cut).toContainText('Experts 9–11 of 12');
  expect(await violations(page)).toEqual([]);
});

test('the start page plays a sample’s layer once, and nothing moves aside for it', async ({ page }) => {
  await page.addInitScript(() => {
    const seen = { shifts: 0 };
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!('hadRecentInput' in entry && entry.hadRecentInput)) seen.shifts += 1;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto('/');
  const picture = page.getByRole('img', { name: /^Tiny Qwen3-MoE, layer 0: per-expert to stacked\. Above: 36 runs/ });
  await expect(picture).toBeVisible();
  const again = page.getByRole('button', { name: 'Play again' });
  await expect(again).toBeEnabled();
  await again.click();
  await expect(again).toBeDisabled();
  await expect(again).toBeEnabled();
  expect(await page.evaluate(() => (globalThis as unknown as { seen: { shifts: number } }).seen.shifts)).toBe(0);
  expect(await violations(page)).toEqual([]);

  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.reload();
  await expect(picture).toBeVisible();
  await expect(again).toHaveCount(0);
});
