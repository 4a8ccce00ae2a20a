import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { expect, parametersOf, test, violations } from './support/app.ts';

const DOCUMENT = readFileSync(fileURLToPath(new URL('../docs/compat/qwen3_moe.md', import.meta.url)), 'utf8');

/** The cells of the table of programs and layouts, the versions of the programs in brackets as the document has them. */
async function shown(page: Page): Promise<string[][]> {
  const rows = page.getByRole('table', { name: 'Programs and layouts' }).locator('tbody tr');
  await expect(rows).toHaveCount(11);
  return rows.evaluateAll((all) =>
    all.map((row) => {
      const [title, version] = [...row.querySelectorAll('th span')].map(({ textContent }) => textContent);
      return [`${title} (${version})`, ...[...row.querySelectorAll('td')].map(({ textContent }) => textContent ?? '')];
    }),
  );
}

/** The same table in the document. */
function documented(): string[][] {
  const [, part = ''] = DOCUMENT.split('## Layouts and programs');
  const lines = part.split('\n## ')[0]?.match(/^\| .*$/gm) ?? [];
  return lines.slice(2).map((line) => line.slice(2, -2).split(' | '));
}

test('the page of a model type says what its document says, and what Loads in says of a checkpoint', async ({
  page,
}) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Which layout loads where' }).click();
  await expect.poll(() => parametersOf(page).get('compat')).toBe('all');
  await page.getByRole('searchbox', { name: 'Filter model types' }).fill('qwen3_moe');
  await page.getByRole('link', { name: 'qwen3_moe', exact: true }).click();
  await expect.poll(() => parametersOf(page).get('compat')).toBe('qwen3_moe');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('qwen3_moe: which layout loads where');
  const table = await shown(page);
  expect(table).toEqual(documented());

  await page.goto('/?sample=qwen3-235b-a22b&view=loads');
  const link = page.getByRole('link', { name: 'All layouts of qwen3_moe' });
  await expect(page.locator('.consumer')).toHaveCount(11);
  const loads = await page
    .locator('.consumer')
    .evaluateAll((all) =>
      all.map((row) => [row.querySelector('h3')?.textContent, row.querySelector('.load-verdict')?.textContent]),
    );
  const onTheHub = table.map(([program = '', verdict]) => [program.replace(/ \(.*$/, ''), verdict]);
  expect(loads.sort()).toEqual(onTheHub.sort());

  const opened = page.waitForEvent('popup');
  await link.click();
  const other = await opened;
  await expect.poll(() => parametersOf(other).get('compat')).toBe('qwen3_moe');
  expect(await shown(other)).toEqual(table);
});

test('Back leads from a page to the list and to the start; a model type that is not known shows the list', async ({
  page,
}) => {
  await page.goto('/');
  await page.getByRole('button', { name: /^Find/ }).click();
  await page.getByRole('combobox', { name: /^Find/ }).fill('which layout');
  await expect(page.getByRole('option', { name: /^Which layout loads where/ })).toBeVisible();
  await page.keyboard.press('Enter');
  const list = page.getByRole('list', { name: 'Model types' });
  await list.getByRole('link', { name: 'mixtral', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('mixtral: which layout loads where');
  await page.goBack();
  await expect(list).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Open a checkpoint' })).toBeAttached();

  await page.goto('/?compat=no_such_type');
  await expect(page.getByText('moe-loom does not know the model type no_such_type')).toBeVisible();
  await expect(list.getByRole('link')).toHaveCount(114);
  expect(await violations(page)).toEqual([]);
});

for (const width of [1600, 390]) {
  test(`a page fits a screen of ${width} pixels, and axe finds nothing wrong with it`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    await page.goto('/?compat=qwen3_moe');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('qwen3_moe: which layout loads where');
    expect(await page.locator('.compat').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    expect(await violations(page)).toEqual([]);
  });
}
