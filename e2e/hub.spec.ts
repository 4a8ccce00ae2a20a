import { expect, parametersOf, paste, test, visit } from './support/app.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';

test('paste a repo id and see its layers by experts', async ({ page, hub }) => {
  await visit(page, hub);
  await expect(page.getByRole('textbox', { name: 'Hub repo or URL' })).toBeFocused();
  await paste(page, 'tiny/qwen3-moe');
  const grid = page.getByRole('grid', { name: 'Layers by experts' });
  await expect(grid).toHaveAttribute('aria-rowcount', '3');
  await expect(grid).toHaveAttribute('aria-colcount', '12');
  await expect(page.getByRole('heading', { name: 'per-expert · projections' })).toBeVisible();
  await expect(page.getByText('2 layers × 12 experts')).toBeVisible();
  await expect(page.getByText('104 tensors')).toBeVisible();
  await expect.poll(() => parametersOf(page).get('repo')).toBe('tiny/qwen3-moe');
  await grid.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
  await expect(grid.getByRole('gridcell')).toContainText('Layer 0, expert 11, present');
  await page.keyboard.press('ArrowDown');
  await expect(grid.getByRole('gridcell')).toHaveText('Layer 1, dense, no experts');
});

test('470 GB open with small requests, few of them', async ({ page, hub }) => {
  await visit(page, hub);
  await paste(page, BIG);
  await expect(page.getByText(/94 layers × 128 experts/)).toBeVisible();
  await expect(page.getByText('36,945 tensors')).toBeVisible();
  await expect(page.getByTitle('470,187,269,120 bytes')).toBeVisible();
  await expect(page.getByText(/No problem found/)).toBeVisible();
  const requests = hub.journal.filter((entry) => entry.method !== 'OPTIONS');
  const headers = requests.filter((entry) => entry.origin === 'cdn' && entry.path.includes('.safetensors'));
  expect(new Set(headers.map((entry) => /model-\d+-of-\d+/.exec(entry.path)?.[0])).size).toBe(118);
  expect(Math.max(...headers.map((entry) => entry.bytesSent))).toBeLessThan(1e6);
  const resolvers = requests.filter((entry) => entry.class === 'resolver' && entry.path.includes('/resolve/'));
  expect(resolvers.length).toBeLessThanOrEqual(125);
  expect(requests.filter((entry) => entry.class === 'api').length).toBeLessThanOrEqual(2);
  expect(hub.journal.filter((entry) => entry.class === 'preflight')).toEqual([]);
});

test('the map is painted before all shards have answered', async ({ page, hub }) => {
  hub.faults.add({ origin: 'cdn', pathRe: /model-001(0|1)\d-of-00118/, action: { type: 'ttfb', ms: 600_000 } });
  await visit(page, hub, { repo: BIG });
  await expect(page.getByRole('grid', { name: 'Layers by experts' })).toBeVisible();
  const answered = hub.journal.filter((entry) => entry.origin === 'cdn' && entry.bytesSent > 0);
  expect(answered.length).toBeLessThan(118);
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeHidden();
});

test('a link restores repo, view, layer and expert, and back goes back', async ({ page, hub }) => {
  const repo = 'tiny/qwen3-moe';
  await visit(page, hub, { repo, view: 'map', layer: '2', expert: '7' });
  await expect(page.getByText('model.layers.2.mlp.experts.7.gate_proj.weight')).toBeVisible();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Tensors' }).click();
  await expect(page.getByText('lm_head.weight')).toBeVisible();
  await expect.poll(() => parametersOf(page).get('view')).toBe('tensors');
  await page.goBack();
  await expect(page.getByText('model.layers.2.mlp.experts.7.gate_proj.weight')).toBeVisible();
  await expect.poll(() => Object.fromEntries(parametersOf(page))).toMatchObject({ repo, layer: '2', expert: '7' });
  await page.reload();
  await expect(page.getByText('model.layers.2.mlp.experts.7.gate_proj.weight')).toBeVisible();
});

for (const [layout, tensors] of [
  ['stacked', '1,131'],
  ['gate-up', '1,037'],
] as const) {
  test(`the ${layout} form of the same model is named and drawn`, async ({ page, hub }) => {
    await visit(page, hub, { repo: `moe-loom/Qwen3-235B-A22B-${layout}` });
    await expect(page.getByRole('heading', { name: new RegExp(`^${layout}`) })).toBeVisible();
    await expect(page.getByText(`${tensors} tensors`)).toBeVisible();
    await expect(page.getByText(/94 layers × 128 experts/)).toBeVisible();
  });
}

test('wrong, gated, truncated, incomplete and pointer repos each get a sentence and a next step', async ({
  page,
  hub,
}) => {
  for (const [repo, sentence, step] of [
    ['nobody/nothing', /nobody\/nothing/, 'Open something else'],
    ['preset/gated-manual', /is gated/, 'Open model page'],
    ['preset/truncated-shard', /truncated|ends|bytes/i, ''],
    ['preset/missing-shard', /missing/, ''],
    ['preset/pointer-shard', /Git LFS pointer/, ''],
  ] as const) {
    await visit(page, hub, { repo });
    await expect(page.getByText(sentence).first(), repo).toBeVisible();
    if (step)
      await expect(
        page
          .getByRole('button', { name: step })
          .or(page.getByRole('link', { name: step }))
          .first(),
        repo,
      ).toBeVisible();
    else await expect(page.locator('.defects'), repo).toHaveText(/^\d+ (defect|error)/);
  }
});
