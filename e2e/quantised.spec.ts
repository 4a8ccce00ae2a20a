import { expect, test } from './support/app.ts';

const folder = (name: string) => `fixtures/quantised/${name}/input`;

test('a scale that is missing is named on the map, and programs that would not notice are red', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Choose folder').setInputFiles(folder('faults/scale-missing'));
  await expect(page.getByText('model.layers.1.mlp.experts.2.down_proj.weight_scale is missing.')).toBeVisible();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Loads' }).click();
  const vllm = page.locator('.consumer').filter({ has: page.getByRole('heading', { name: 'vLLM' }) });
  await expect(vllm).toHaveAttribute('data-verdict', 'wrong-values');
  await expect(vllm).toContainText('allocated and not filled');
  await expect(
    page.getByText('vLLM and SGLang start without an error, but their experts have wrong values.'),
  ).toBeVisible();
});

test('packed numbers are counted as what they represent', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Choose folder').setInputFiles(folder('int4-ct'));
  // 2 layers × 4 experts × 3 matrices of 16 × 24.
  await page.getByRole('button', { name: /parameters/ }).click();
  await expect(page.getByRole('row', { name: /^Routed experts/ })).toContainText('9,216');
});
