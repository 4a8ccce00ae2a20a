import type { Page } from '@playwright/test';
import { expect, parametersOf, test, visit } from './support/app.ts';

const view = (page: Page, name: string) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name });

test('one expert is chosen, and marked in every view', async ({ page, hub }) => {
  await visit(page, hub, {
    repo: 'tiny/qwen3-moe',
    view: 'map',
    layer: '0',
    expert: '5',
    framework: 'vllm',
    ep: '4',
    with: 'preset/stacked-tiny',
  });
  await expect(page.getByRole('grid', { name: 'Layers by experts' }).getByRole('gridcell')).toContainText(
    'Layer 0, expert 5',
  );
  const drawn = page.getByRole('region', { name: 'Layer 0 as it is stored' }).getByRole('img');
  await expect(drawn).toHaveCount(2);
  for (const each of await drawn.all()) await expect(each).toHaveAccessibleName(/Expert 5 is marked\.$/);

  await view(page, 'Tensors').click();
  await expect(page.getByText('Layer 0, expert 5 3 tensors, marked in the list.')).toBeVisible();
  const rows = page.getByRole('grid', { name: 'Tensors' }).getByRole('row', { name: /expert 5.*experts\.5\./ });
  for (const projection of ['gate', 'up', 'down']) {
    await page.getByRole('button', { name: 'Go to the next' }).click();
    await expect(rows.filter({ hasText: `model.layers.0.mlp.experts.5.${projection}_proj` })).toBeVisible();
  }
  await page.getByRole('radio', { name: 'Tree' }).click();
  await page.getByRole('button', { name: 'Go to the next' }).click();
  await expect(page.getByRole('treeitem', { name: /, expert 5$/ }).first()).toBeVisible();

  await view(page, 'Ranks').click();
  const cell = page.getByRole('grid', { name: 'Experts by rank' }).getByRole('gridcell');
  await expect(cell).toContainText(/^Layer 0, expert 5: rank \d+/);
  const rank = /rank (\d+)/.exec((await cell.textContent()) ?? '')?.[1];
  await expect(page.getByRole('option', { name: /holds layer 0, expert 5$/ })).toHaveAccessibleName(
    new RegExp(`^Rank ${rank},`),
  );
  await expect(page.getByRole('region', { name: 'Rank', exact: true })).toContainText(`Rank ${rank}`);
  await expect(page.getByText('Holds the chosen expert: layer 0, expert 5.')).toBeVisible();

  await view(page, 'Compare').click();
  const both = page.getByRole('region', { name: 'One layer on both sides' });
  await expect(both.getByRole('img')).toHaveAccessibleName(/^Layer 0\..* Expert 5 is marked\.$/);
  await expect(page.getByRole('complementary', { name: 'Details' })).toContainText('Layer 0, expert 5');
  for (const side of ['left', 'right'])
    await expect(page.getByRole('grid', { name: `Layers by experts, ${side}` }).getByRole('gridcell')).toContainText(
      'Layer 0, expert 5',
    );

  await both.getByRole('combobox', { name: 'Expert' }).selectOption('2');
  await view(page, 'Map').click();
  await expect(drawn.first()).toHaveAccessibleName(/Expert 2 is marked\.$/);
  await expect.poll(() => parametersOf(page).get('expert')).toBe('2');
});
