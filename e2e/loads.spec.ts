import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { dropPaths, expect, parametersOf, test, violations, visit } from './support/app.ts';

const GPT_OSS = fileURLToPath(new URL('../fixtures/checkpoints/gpt_oss/hub', import.meta.url));

/** The list item of one consumer. */
function consumer(page: Page, name: string) {
  return page.getByRole('list', { name: 'Consumers' }).getByRole('listitem', { name, exact: true });
}

function loadsLink(page: Page) {
  return page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Loads in' });
}

test('a layout that transformers 5 takes is said to load, with the evidence', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe' });
  await loadsLink(page).click();
  await expect.poll(() => parametersOf(page).get('view')).toBe('loads');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^\d+ of 11 load it$/);
  const row = consumer(page, 'transformers 5');
  await expect(row.getByText('Loads, converting', { exact: true })).toBeVisible();
  await expect(row).toContainText('none is lost');
  await expect(row).toContainText('Run');
  await expect(row.locator('time')).toHaveText('2026-11-22');
  await expect(row.getByRole('button', { name: /^Convert to/ })).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'What names cannot show' })).toContainText('gate and up swapped');
  await expect(page.getByRole('list', { name: 'Consumers' }).getByRole('heading')).toHaveCount(11);
});

test('random experts are said first and loudest; the cure is clicked, converted, and the verdict turns', async ({
  page,
  hub,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'loads' });
  await expect(page.getByText(/transformers 5, .* start with random experts, without an error/)).toBeVisible();
  const row = consumer(page, 'transformers 5');
  await expect(row.getByText('Partial', { exact: true })).toBeVisible();
  await expect(
    page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { level: 2 }) })
      .first(),
  ).toContainText('Partial');
  await row.getByText('2 missing').click();
  const names = row.getByRole('region', { name: 'transformers 5: 2 names missing' });
  await expect(names).toContainText('model.layers.0.mlp.experts.gate_up_proj');
  await row.getByRole('button', { name: 'Copy 2 names' }).click();
  await expect(row.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    'model.layers.0.mlp.experts.gate_up_proj\nmodel.layers.2.mlp.experts.gate_up_proj\n',
  );
  await row.getByRole('button', { name: 'Convert to gate-up' }).click();
  await expect.poll(() => Object.fromEntries(parametersOf(page))).toMatchObject({ view: 'convert', target: 'gate-up' });
  const forecast = page.getByRole('table', { name: /^Who loads the result/ });
  await expect(forecast.getByRole('row', { name: /^Loads transformers 5/ })).toBeVisible();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  await report.getByRole('button', { name: 'Open the result' }).click();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Loads in' }).click();
  await expect(consumer(page, 'transformers 5').getByText('Loads', { exact: true })).toBeVisible();
  await expect.poll(() => parametersOf(page).get('job')).toMatch(/-gate-up-/);
});

test('who refuses is said with what it stumbles over', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'loads' });
  const row = consumer(page, 'vLLM');
  await expect(row.getByText('Refuses', { exact: true })).toBeVisible();
  await expect(row).toContainText('Stops with an error: 6 names that it does not know.');
  await expect(row.getByRole('button', { name: 'Convert to per-expert' })).toBeVisible();
});

test('local files are judged too, and an issue is a link', async ({ page }) => {
  await page.goto('/');
  await dropPaths(page, [GPT_OSS]);
  await loadsLink(page).click();
  await expect(consumer(page, 'transformers 5').getByText('Loads', { exact: true })).toBeVisible();
  await expect(consumer(page, 'vLLM').getByRole('link', { name: 'vllm#45830' })).toHaveAttribute(
    'href',
    'https://github.com/vllm-project/vllm/issues/45830',
  );
});

test('a sample opens at its verdicts, and a long list of names is whole', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/?sample=qwen3-235b-a22b&view=loads');
  const row = consumer(page, 'VeOmni');
  await expect(row.getByText('Partial', { exact: true })).toBeVisible();
  await row.getByText('36,096 unexpected').click();
  const names = row.getByRole('region', { name: /36,096 names unexpected/ });
  await names.focus();
  await page.keyboard.press('End');
  await expect(names).toContainText('model.layers.93.mlp.experts.127.up_proj.weight');
  await row.getByRole('button', { name: 'Copy 36,096 names' }).click();
  await expect(row.getByRole('button', { name: 'Copied' })).toBeVisible();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text.trimEnd().split('\n')).toHaveLength(36_096);
});

test('the proof script is copied with its prediction', async ({ page, hub, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'loads' });
  const row = consumer(page, 'transformers 5');
  await row.getByRole('button', { name: 'Copy proof script' }).click();
  await expect(row.getByRole('button', { name: 'Copied' })).toBeVisible();
  const script = await page.evaluate(() => navigator.clipboard.readText());
  expect(script).toContain('from_pretrained');
  expect(script).toContain('"model.layers.0.mlp.experts.gate_up_proj"');
});

test('names open and cures are taken by keyboard alone', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'loads' });
  const row = consumer(page, 'transformers 5');
  await row.locator('summary').first().focus();
  await page.keyboard.press('Enter');
  await expect(row.getByRole('region', { name: /2 names missing/ })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(row.getByRole('region', { name: /2 names missing/ })).toBeFocused();
  await row.getByRole('button', { name: 'Convert to gate-up' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('radio', { name: /^gate-up Gate/ })).toBeChecked();
  await page.goBack();
  await expect(row).toBeVisible();
});

for (const repo of ['tiny/qwen3-moe', 'preset/stacked-tiny', 'tiny/gpt-oss']) {
  test(`axe finds nothing wrong with the verdicts on ${repo}`, async ({ page, hub }) => {
    await visit(page, hub, { repo, view: 'loads' });
    await expect(page.getByRole('heading', { name: /of 11 load it/ })).toBeVisible();
    for (const closed of await page.locator('.load-names summary').all()) await closed.click();
    expect(await violations(page)).toEqual([]);
  });
}

test('axe finds nothing wrong with the verdicts on a plan', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'convert', target: 'gate-up' });
  await expect(page.getByRole('table', { name: /^Who loads the result/ })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
