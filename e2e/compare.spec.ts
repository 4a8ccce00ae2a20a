import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { expect, parametersOf, test, violations, visit } from './support/app.ts';
import { fused, PLANTED, QWEN3_MOE } from './support/planted.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const BIN = fileURLToPath(new URL('../dist/cli/moe-loom.js', import.meta.url));

/** What `moe-loom compare … --json` prints. */
function compareJson(
  ...args: string[]
): Promise<Record<string, never> & { counts: Record<string, { entries: number }> }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [BIN, 'compare', ...args, '--json'], { maxBuffer: 64e6 }, (error, stdout) => {
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout));
      else reject(error ?? new Error(stdout));
    });
  });
}

async function compareWithFolder(page: Page, folder: string): Promise<void> {
  await page.getByLabel('Choose other folder').setInputFiles(folder);
  await expect(page.getByRole('treegrid', { name: 'Pairs of both checkpoints' })).toBeVisible();
}

const shown = (page: Page, name: string) => page.getByRole('radiogroup', { name: 'Show' }).getByRole('radio', { name });

test('470 GB beside both fused forms: everything matched by headers, with few requests', async ({ page, hub }) => {
  for (const layout of ['gate-up', 'stacked']) {
    hub.clearJournal();
    await visit(page, hub, { repo: BIG, view: 'compare', with: `moe-loom/Qwen3-235B-A22B-${layout}` });
    await expect(page.getByRole('heading', { name: 'Same headers' })).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText(/Every tensor has a match/)).toBeVisible();
    await expect(page.getByText('36,945 tensors, all matched')).toBeVisible();
    const exchanges = hub.journal.filter((entry) => entry.method !== 'OPTIONS');
    const headers = exchanges.filter((entry) => !entry.path.includes('index.json'));
    const bytes = headers.reduce((sum, entry) => sum + entry.bytesSent, 0);
    expect(exchanges.length).toBeLessThanOrEqual(500);
    expect(bytes).toBeLessThanOrEqual(12e6);
    const json = await compareJson(BIG, `moe-loom/Qwen3-235B-A22B-${layout}`, '--endpoint', hub.url);
    await expect(shown(page, `reshaped ${json.counts.reshaped?.entries.toLocaleString('en')}`)).toBeVisible();
    await expect(shown(page, 'differences 0')).toBeVisible();
    expect(json).toMatchObject({ equal: true, differences: [] });
  }
});

test('what was just converted is compared with its original, by keyboard alone', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'gate-up' });
  const start = page.getByRole('button', { name: 'Start conversion' });
  await expect(start).toBeEnabled();
  await start.focus();
  await page.keyboard.press('Enter');
  const compare = page.getByRole('button', { name: 'Compare with the original' });
  await compare.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Same headers' })).toBeVisible();
  await expect.poll(() => parametersOf(page).get('with')).toMatch(/^job:/);

  const tree = page.getByRole('treegrid', { name: 'Pairs of both checkpoints' });
  await tree.focus();
  await page.keyboard.press('ArrowDown');
  await expect(tree.getByRole('row', { name: /Layer 0 reshaped/ })).toBeVisible();
  await page.keyboard.press('ArrowRight');
  await expect(tree.getByRole('row', { name: /Expert 0 reshaped/ })).toBeVisible();
  await page.keyboard.press('End');
  await expect(tree.getByRole('row', { name: /Layer 2/ })).toBeVisible();
  await page.keyboard.press('Home');

  const left = page.getByRole('grid', { name: 'Layers by experts, left' });
  await left.focus();
  await page.keyboard.press('ArrowDown');
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('ArrowRight');
  await expect(left.getByRole('gridcell')).toContainText('Layer 0, expert 5, present');
  await expect(left.getByRole('gridcell')).toContainText('reshaped');
  const right = page.getByRole('grid', { name: 'Layers by experts, right' });
  await expect(right.getByRole('gridcell')).toContainText('Layer 0, expert 5, present');
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details).toBeFocused();
  await expect(details).toContainText('MergeModulelist → Concatenate');
  await expect(details).toContainText('model.layers.0.mlp.experts.5.gate_proj.weight');

  await page.getByRole('radio', { name: 'Everything' }).focus();
  await page.keyboard.press('Space');
  const measure = page.getByRole('button', { name: 'Compare values' });
  await expect(measure).toBeEnabled();
  await measure.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Equal', exact: true })).toBeVisible();
  await expect(details).toContainText('104 pairs compared: 104 byte-identical.');
  await expect(left.getByRole('gridcell')).toContainText('equal bytes');
});

test('a link restores both checkpoints, the filter and the chosen expert', async ({ page, hub }) => {
  const query = { repo: 'tiny/qwen3-moe', view: 'compare', with: 'preset/stacked-tiny', show: 'only-left' };
  await visit(page, hub, { ...query, layer: '2', expert: '10' });
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details).toContainText('Layer 2, expert 10');
  await expect(details).toContainText('The right side has no such tensor.');
  await expect(shown(page, 'only left')).toHaveAttribute('aria-checked', 'true');
  const selected = page.getByRole('treegrid').getByRole('row', { selected: true });
  await expect(selected.first()).toContainText('only left');
  await page.reload();
  await expect(details).toContainText('Layer 2, expert 10');
  await expect.poll(() => Object.fromEntries(parametersOf(page))).toMatchObject({ ...query, layer: '2', expert: '10' });
});

for (const [what, plant, message] of PLANTED) {
  test(`${what}: the values tell, and the mistake is named with its cure`, async ({ page, hub }) => {
    const folder = await fused(plant);
    await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare' });
    await compareWithFolder(page, folder);
    await expect(page.getByRole('heading', { name: 'Same headers' })).toBeVisible();
    await page.getByRole('radio', { name: 'Everything' }).check();
    await page.getByRole('button', { name: 'Compare values' }).click();
    await expect(page.getByRole('heading', { name: 'Different' })).toBeVisible();
    const details = page.getByRole('complementary', { name: 'Details' });
    await expect(details).toContainText(message);
    await expect(details).toContainText('Convert again from the original');
    const json = await compareJson(QWEN3_MOE, folder, '--values', '--quiet');
    await expect(shown(page, `value changed ${json.counts['value-changed']?.entries}`)).toBeVisible();
    expect(JSON.stringify(json)).toMatch(message);
  });
}

test('the summary is what the command line prints', async ({ page, hub, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const folder = await fused(() => {});
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare' });
  await compareWithFolder(page, folder);
  await page.getByRole('button', { name: 'Copy Markdown summary' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text).toMatch(/^## Two checkpoints compared/);
  expect(text).toContain('| reshaped | 72 |');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download JSON' }).click(),
  ]);
  const saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
  const { version: _, ...printed } = await compareJson(QWEN3_MOE, folder);
  expect({ ...saved, left: null, right: null }).toEqual({ ...printed, left: null, right: null });
});

test('what cannot be opened is said, with a way on', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare', with: 'nobody/nothing' });
  await expect(page.getByRole('alert')).toContainText('nobody/nothing');
  await page.getByRole('button', { name: 'Compare with another' }).click();
  await expect(page.getByRole('heading', { name: 'Compare with' })).toBeVisible();
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare', with: 'local:my folder' });
  await expect(page.getByText(/my folder was read from this computer/)).toBeVisible();
});

test('a comparison of values is stopped where it is', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare', with: 'tiny/qwen3-moe' });
  await expect(page.getByRole('heading', { name: 'Same headers' })).toBeVisible();
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: 'slow', bps: 20_000 } });
  await page.getByRole('radio', { name: 'Everything' }).check();
  await page.getByRole('button', { name: 'Compare values' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Compare values' })).toBeEnabled();
  await expect(page.getByRole('heading', { name: 'Same headers' })).toBeVisible();
});

test('axe finds nothing wrong with choosing, with pairs and with a finding', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare' });
  await expect(page.getByRole('heading', { name: 'Compare with' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await visit(page, hub, {
    repo: 'tiny/qwen3-moe',
    view: 'compare',
    with: 'preset/stacked-tiny',
    layer: '0',
    expert: '5',
  });
  await expect(page.getByText('Layer 0, expert 5', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Open all' }).click();
  await page.getByRole('row', { name: /^Expert 0/ }).hover();
  await page.mouse.wheel(0, 200);
  await expect(page.getByRole('treegrid').getByRole('row', { level: 3 }).first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
