import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test, violations, visit } from './support/app.ts';

const panel = (page: Page) => page.getByRole('region', { name: /as it is stored$/ });
const drawings = (page: Page) => panel(page).getByRole('img');

/** Byte ranges of an expert, from 0 of the file, as the list of the drawing has them: names with start and end. */
async function drawnRanges(page: Page, expert: number): Promise<string[]> {
  const list = panel(page).locator('details');
  if ((await list.getAttribute('open')) === null) await list.locator('summary').click();
  await expect(list.getByRole('listitem').first()).toBeVisible();
  const lines = await list.getByRole('listitem').allTextContents();
  return lines.flatMap((line) => {
    const found = /^(?:gate|up|down|gate-up)(?: \w+)? (\d+): (\S+), bytes ([\d,]+) to ([\d,]+)$/.exec(line.trim());
    return found && Number(found[1]) === expert ? [`${found[2]} ${found[3]} ${found[4]}`] : [];
  });
}

/** The same of the pinned expert's details. */
async function detailRanges(page: Page): Promise<string[]> {
  const items = page.getByRole('region', { name: 'Pinned expert' }).getByRole('listitem');
  return (await items.allInnerTexts()).map((text) => {
    const flat = text.replace(/\s+/g, ' ');
    const where = /bytes ([\d,]+)–([\d,]+)/.exec(flat);
    const name = text.slice(0, text.search(/Holds/)).replace(/\s+/g, '');
    return `${name} ${where?.[1]} ${where?.[2]}`;
  });
}

test('a layer is drawn: its kinds of tensors, its bytes, and the pinned expert where its details say', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', layer: '0', expert: '10' });
  await expect(drawings(page)).toHaveCount(2);
  await expect(drawings(page).first()).toHaveAttribute(
    'aria-label',
    /12 tensors .*gate_proj\.weight, one for each expert/,
  );
  await expect(panel(page)).toContainText(/per expert, in 1 read\./);
  await expect(page.locator('.picture-chosen').first()).toBeVisible();
  for (const expert of [10, 0, 7]) {
    await visit(page, hub, { repo: 'tiny/qwen3-moe', layer: '0', expert: String(expert) });
    await expect(page.getByRole('heading', { name: `Layer 0, expert ${expert}` })).toBeVisible();
    await expect.poll(async () => (await detailRanges(page)).length).toBe(3);
    expect((await drawnRanges(page, expert)).sort()).toEqual((await detailRanges(page)).sort());
  }
});

test('the drawing is saved as SVG and as PNG, is opened and shut by keyboard, and is kept shut', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe' });
  await expect(drawings(page)).toHaveCount(2);
  const saved = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel(page).getByRole('button', { name }).click(),
    ]);
    return [download.suggestedFilename(), await readFile(await download.path())] as const;
  };
  const [svgName, svg] = await saved('Save as SVG');
  expect(svgName).toMatch(/^tiny-qwen3-moe.*-Layer-0-glyph\.svg$/);
  expect(svg.toString()).toMatch(/^<svg [\s\S]*per-expert \(projections\)[\s\S]*tiny\/qwen3-moe[\s\S]*<\/svg>/);
  const [pngName, png] = await saved('Save as PNG');
  expect(pngName).toMatch(/glyph\.png$/);
  expect([...png.subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
  expect(png.readUInt32BE(16)).toBeGreaterThan(400);
  const toggle = panel(page).getByRole('button', { name: 'Layer 0 as it is stored' });
  await toggle.focus();
  await page.keyboard.press('Enter');
  await expect(drawings(page)).toHaveCount(0);
  await page.reload();
  await expect(toggle).toHaveAttribute('aria-expanded', 'false');
});

test('axe finds nothing wrong with the drawing, and a narrow page does not scroll sideways', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', layer: '0', expert: '3' });
  await expect(drawings(page)).toHaveCount(2);
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await panel(page).scrollIntoViewIfNeeded();
  await expect(panel(page).getByRole('button', { name: 'Save as SVG' })).toBeVisible();
});
