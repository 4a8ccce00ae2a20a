import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { dropPaths, expect, parametersOf, pastTheEdge, test, violations, visit } from './support/app.ts';

const GPT_OSS = fileURLToPath(new URL('../fixtures/checkpoints/gpt_oss/hub', import.meta.url));

/** The list item of one program. */
function consumer(page: Page, name: string) {
  return page.locator('.loads-view').getByRole('listitem', { name, exact: true });
}

/** The names of the programs in a list of Loads in. */
function programsIn(page: Page, list: string) {
  return page.getByRole('list', { name: list, exact: true }).getByRole('heading', { level: 3 });
}

const CHIPS = 'Programs that load this checkpoint';

function loadsLink(page: Page) {
  return page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Loads in' });
}

test('a layout that transformers 5 takes is said to load, with the evidence', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe' });
  await loadsLink(page).click();
  await expect.poll(() => parametersOf(page).get('view')).toBe('loads');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^\d+ of 11 programs load it$/);
  const row = consumer(page, 'transformers 5');
  await expect(row.getByText('Loads, converting', { exact: true })).toBeVisible();
  await expect(row).toContainText('No weight is lost');
  await expect(row).toContainText('Run');
  await expect(row.locator('time')).toHaveText('2026-11-22');
  await expect(row.getByRole('button', { name: /^Convert to/ })).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'What names cannot show' })).toContainText('gate and up swapped');
  await expect(page.locator('.loads-view').getByRole('heading', { level: 3 })).toHaveCount(11);
});

test('random experts are said first and loudest; the cure is clicked, converted, and the verdict turns', async ({
  page,
  hub,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'loads' });
  await expect(
    page.getByText(/^transformers 5, .* start without an error, but their expert weights are random\.$/),
  ).toBeVisible();
  const row = consumer(page, 'transformers 5');
  await expect(row.getByText('Wrong weights', { exact: true })).toBeVisible();
  await row.getByText('2 missing').click();
  const names = row.getByRole('region', { name: 'transformers 5: 2 names missing' });
  await expect(names).toContainText('model.layers.0.mlp.experts.gate_up_proj');
  await row.getByRole('button', { name: 'Copy 2 names' }).click();
  await expect(row.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    'model.layers.0.mlp.experts.gate_up_proj\nmodel.layers.2.mlp.experts.gate_up_proj\n',
  );
  await row.getByRole('button', { name: 'Convert to gate-up' }).click();
  await expect
    .poll(() => Object.fromEntries(parametersOf(page)))
    .toMatchObject({ view: 'convert', target: 'gate-up', for: 'transformers-5' });
  const forecast = page.getByRole('table', { name: /^Programs that load the result/ });
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
  await expect(row.getByText('Fails', { exact: true })).toBeVisible();
  await expect(row).toContainText('It stops with an error: it does not know 6 names.');
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
  await expect(row.getByText('Wrong weights', { exact: true })).toBeVisible();
  await row.getByText('36,096 unexpected').click();
  const names = row.getByRole('region', { name: /36,096 names unexpected/ });
  await expect.poll(() => names.evaluate(({ scrollHeight }) => scrollHeight)).toBeGreaterThan(100_000);
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
  await expect(page.getByRole('radio', { name: /^transformers 5 gate-up/ })).toBeChecked();
  await page.goBack();
  await expect(row).toBeVisible();
});

for (const repo of ['tiny/qwen3-moe', 'preset/stacked-tiny', 'tiny/gpt-oss']) {
  test(`axe finds nothing wrong with the verdicts on ${repo}`, async ({ page, hub }) => {
    await visit(page, hub, { repo, view: 'loads' });
    await expect(page.getByRole('heading', { name: /of 11 programs load it/ })).toBeVisible();
    for (const closed of await page.locator('.load-names summary').all()) await closed.click();
    expect(await violations(page)).toEqual([]);
  });
}

test('axe finds nothing wrong with the verdicts on a plan', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'convert', target: 'gate-up' });
  await expect(page.getByRole('table', { name: /^Programs that load the result/ })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('pins come first, in the order of pinning, are kept over a reload, and can be taken back', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'loads' });
  await expect(programsIn(page, 'Widely used').first()).toHaveText('transformers 5');
  await expect(programsIn(page, 'Forks and add-ons')).toHaveText(['qwen3-moe-ep fork', 'qwen3-moe-fused']);
  await expect(page.getByRole('list', { name: 'Pinned' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Pin VeOmni' }).click();
  await page.getByRole('button', { name: 'Pin vLLM' }).focus();
  await page.keyboard.press('Enter');
  await expect(programsIn(page, 'Pinned')).toHaveText(['VeOmni', 'vLLM']);
  // The focus goes with the row.
  await expect(page.getByRole('button', { name: 'Unpin vLLM' })).toBeFocused();
  await page.reload();
  await expect(programsIn(page, 'Pinned')).toHaveText(['VeOmni', 'vLLM']);
  const chips = page.getByRole('list', { name: CHIPS }).getByRole('link');
  await expect(chips).toHaveText([/^VeOmni: /, 'vLLM: loads', '6 of 11 programs load it']);
  await page.getByRole('button', { name: 'Unpin VeOmni' }).click();
  await page.getByRole('button', { name: 'Unpin vLLM' }).click();
  await expect(page.getByRole('list', { name: 'Pinned' })).toHaveCount(0);
});

test('pins that are no ids are left out, and the other stored choices stay', async ({ page, hub }) => {
  await page.addInitScript(() => {
    const keep = (name: string, state: unknown) => localStorage.setItem(name, JSON.stringify({ state, version: 0 }));
    keep('moe-loom-choices', { theme: 'dark' });
    keep('moe-loom-pins', { pinned: ['vllm', '<b>', 7, 'no-such-program'] });
  });
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'loads' });
  await expect(programsIn(page, 'Pinned')).toHaveText(['vLLM']);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('chips stand in each view, say the verdict in words, and lead to the row of their program', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: 'preset/stacked-tiny' });
  for (const view of ['Tensors', 'Convert', 'Map']) {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
    await expect(page.getByRole('list', { name: CHIPS })).toBeVisible();
  }
  const chip = page.getByRole('list', { name: CHIPS }).getByRole('link', { name: 'vLLM: fails' });
  await chip.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => Object.fromEntries(parametersOf(page))).toMatchObject({ view: 'loads', program: 'vllm' });
  await expect(consumer(page, 'vLLM').getByRole('heading', { level: 3 })).toBeFocused();
  await page.goBack();
  await expect.poll(() => parametersOf(page).get('view')).toBeNull();
});

test('the line of the chips has its height before they come, and keeps it', async ({ page, hub }) => {
  hub.faults.add({ origin: 'cdn', action: { type: 'slow', bps: 20_000 } });
  await visit(page, hub, { repo: 'tiny/qwen3-moe' });
  const line = page.locator('.program-line');
  await expect(line).toBeVisible();
  expect((await line.boundingBox())?.height).toBe(36);
  const chips = page.getByRole('list', { name: CHIPS });
  expect(await chips.count()).toBe(0);
  hub.faults.clear();
  await expect(chips.getByRole('link').first()).toBeVisible();
  expect((await line.boundingBox())?.height).toBe(36);
  expect((await chips.boundingBox())?.height).toBeLessThanOrEqual(35);
});

test('the table is exported as Markdown, JSON and PNG, pinned programs first', async ({ page, hub, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit(page, hub, { repo: 'preset/stacked-tiny', view: 'loads' });
  await page.getByRole('button', { name: 'Pin MLX' }).click();
  const tools = page.getByRole('group', { name: 'Export this table' });
  await tools.getByRole('button', { name: 'Copy as Markdown' }).click();
  await expect(tools.getByRole('button', { name: 'Copied' })).toBeVisible();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
  expect(lines[0]).toMatch(/^## Which programs load `preset\/stacked-tiny@/);
  expect(lines[6]).toMatch(/^\| MLX \(.*\) \| Fails \| It stops with an error: it does not know 6 names\./);
  expect(lines.filter((line) => line.startsWith('| '))).toHaveLength(2 + 11);
  const save = async (name: string) => {
    const [download] = await Promise.all([page.waitForEvent('download'), tools.getByRole('button', { name }).click()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const json = await save('Save as JSON');
  expect(json.name).toMatch(/^loads-preset-stacked-tiny.*\.json$/);
  const { consumers } = JSON.parse(json.bytes.toString('utf8'));
  expect(consumers).toHaveLength(11);
  expect(consumers[0]).toMatchObject({ id: 'mlx', verdict: 'refuses', cure: 'switch-mlp' });
  expect(consumers[0].unexpected).toHaveLength(6);
  const png = await save('Save as PNG');
  expect(png.name).toMatch(/^loads-.*\.png$/);
  expect(png.bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  // Two pixels a unit: twelve rows of 28 units, title and notes.
  expect(png.bytes.readUInt32BE(20)).toBeGreaterThan(12 * 28 * 2);
});

test('on a phone every program is an item of a list, and nothing stands past the edge', async ({ page, hub }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const view of ['loads', 'convert']) {
    await visit(page, hub, { repo: 'preset/stacked-tiny', view });
    await expect(page.getByRole('list', { name: CHIPS }).getByRole('link').first()).toBeVisible();
    await expect(page.locator(view === 'loads' ? '.consumer' : '.plan-loads').first()).toBeVisible();
    expect(await pastTheEdge(page)).toEqual([]);
  }
});
