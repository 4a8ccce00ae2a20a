import type { Page } from '@playwright/test';
import { expect, pastTheEdge, test, violations, visit } from './support/app.ts';

/** Promise: where every tensor lies in its file is drawn, by pointer and by keys. */
const strips = (page: Page) => page.getByRole('grid', { name: 'Files, byte by byte' });
const spoken = (page: Page) => strips(page).getByRole('gridcell');
const tooltip = (page: Page) => page.locator('.tooltip');

async function openFiles(page: Page): Promise<void> {
  await page.getByRole('radio', { name: 'Files' }).click();
  await expect(strips(page)).toBeVisible();
}

test('keys go from tensor to tensor, say its bytes, and pin its expert', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe' });
  await openFiles(page);
  await expect(page.getByText(/^Loading one expert needs 1 (to \d )?reads?\. Of \d+ experts/)).toBeVisible();
  await strips(page).focus();
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('ArrowRight');
  await expect(spoken(page)).toHaveText(
    /mlp\.experts\.\d+\.(gate|up|down)_proj\.weight, (gate|up|down), layer 0, expert \d+/,
  );
  const [, name, start, end] =
    /^(\S+), .* bytes (\d+) to (\d+) of/.exec((await spoken(page).textContent()) ?? '') ?? [];
  await page.keyboard.press('Enter');
  const details = page.getByRole('region', { name: 'Pinned expert' });
  await expect(details).toContainText(
    `bytes ${Number(start).toLocaleString('en')}–${Number(end).toLocaleString('en')}`,
  );
  expect((await details.innerText()).replaceAll(/\s/g, '')).toContain(name);
  await page.keyboard.press('Escape');
  await expect(page.getByText('No expert pinned')).toBeVisible();
});

test('the tooltip names the bytes under a resting pointer after zooming and scrolling', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/gpt-oss' });
  await openFiles(page);
  const box = await strips(page).boundingBox();
  if (!box) throw new Error('The strips are on the page.');
  await page.mouse.move(box.x + box.width / 2, box.y + 60);
  const bytes = async () => (await tooltip(page).innerText()).match(/bytes [\d,]+–[\d,]+/g)?.at(-1);
  await expect(tooltip(page)).toContainText(/bytes/);
  const fitted = await bytes();
  await page.keyboard.down('Control');
  for (let turn = 0; turn < 4; turn += 1) await page.mouse.wheel(0, -100);
  await page.keyboard.up('Control');
  await expect.poll(() => strips(page).evaluate((element) => element.scrollWidth > 2 * element.clientWidth)).toBe(true);
  expect(await bytes(), 'zooming keeps what is under the pointer').toBe(fitted);
  await strips(page).evaluate((element) => element.scrollBy(element.clientWidth, 0));
  await expect.poll(bytes).not.toBe(fitted);
  await page.getByRole('button', { name: 'Fit' }).click();
  await expect.poll(() => strips(page).evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
});

test('axe finds nothing in the strips, and a narrow page does not scroll sideways', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', layer: '0', expert: '3' });
  await openFiles(page);
  await expect(page.getByText(/^Loading one expert needs/)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  expect(await pastTheEdge(page)).toEqual([]);
});
