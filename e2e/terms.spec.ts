import { expect } from '@playwright/test';
import { test, violations } from './support/app.ts';

test('a term opens its sentence by keyboard, Esc closes it, and the sentences are loaded only then', async ({
  page,
}) => {
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto('/?sample=tiny-qwen3-moe');
  const term = page.getByRole('heading', { level: 1 }).getByRole('button', { name: 'per-expert' });
  await expect(page.getByText(/No problem found/)).toBeVisible();
  expect(loaded.filter((path) => path.includes('term-popover'))).toEqual([]);
  await term.focus();
  await page.keyboard.press('Enter');
  const sentence = page.getByRole('dialog', { name: 'What per-expert means' });
  await expect(sentence).toContainText('Each expert has its own tensor for gate, for up and for down.');
  expect(loaded.filter((path) => path.includes('term-popover'))).toHaveLength(1);
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(sentence).toBeHidden();
  await expect(term).toBeFocused();
});

test('the sizes in Ranks are explained, and their fields keep their names', async ({ page }) => {
  await page.goto('/?sample=tiny-qwen3-moe&view=ranks');
  await page.getByRole('button', { name: 'EP', exact: true }).click();
  await expect(page.getByRole('dialog', { name: 'What expert parallelism means' })).toContainText('divided among GPUs');
  await page.keyboard.press('Escape');
  await page.getByRole('textbox', { name: 'EP', exact: true }).fill('2');
  await expect(page).toHaveURL(/ep=2/);
});

test('the ? sheet lists every term', async ({ page }) => {
  await page.goto('/?sample=tiny-qwen3-moe');
  await expect(page.getByText(/No problem found/)).toBeVisible();
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keys and terms' });
  await sheet.getByText('Terms', { exact: true }).click();
  await expect(sheet.getByText('expert parallelism', { exact: false }).first()).toBeVisible();
  await expect(sheet.getByText('The layers are divided into stages, one for each group of GPUs.')).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
