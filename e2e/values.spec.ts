import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { createBudget, createEngine, detectLayout, openCheckpoint, statisticsOf } from '../src/core/index.ts';
import { filesOf } from '../src/core/testing.fixture.ts';
import { briefly, PLANTED_FINDINGS, plantedFaults, plantedFiles } from '../src/core/values/planted.fixture.ts';
import { storedWeights } from '../src/core/values/stored-weights.fixture.ts';
import { dropPaths, expect, parametersOf, test, violations, visit } from './support/app.ts';

const PLANTED = { repo: 'preset/planted-values' };
const BYTES = 2 * 12 * 3 * 16 * 24 * 2;

const bar = (page: Page) => page.getByRole('region', { name: 'Values', exact: true });
const findings = (page: Page) => page.getByRole('region', { name: 'Findings in values' });

/** What the core says of the planted checkpoint. */
async function expected() {
  const files = filesOf(plantedFiles(plantedFaults, 2));
  const checkpoint = await openCheckpoint(files);
  const engine = createEngine({ engine: 'cpu' });
  return statisticsOf(checkpoint, detectLayout(checkpoint), files, { budget: createBudget(), engine });
}

/** Opens the planted repo with values on, and measures it all. */
async function measured(
  page: Page,
  hub: Parameters<typeof visit>[1],
  parameters: Readonly<Record<string, string>> = {},
) {
  await visit(page, hub, { ...PLANTED, statistic: 'rms', ...parameters });
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Read 55.3 kB' }).click();
  await expect(bar(page).getByRole('status').first()).toContainText('Measured 55.3 kB in');
}

test('weights of a Hub repo are read only after a yes, which is told their bytes', async ({ page, hub }) => {
  await visit(page, hub, PLANTED);
  await page.getByRole('radio', { name: 'Values' }).click();
  await expect.poll(() => parametersOf(page).get('statistic')).toBe('rms');
  const question = page.getByRole('alertdialog');
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  await expect(question).toContainText('55.3 kB from 127.0.0.1');
  const before = hub.journal.length;
  await expect(question.getByRole('button', { name: 'Not now' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(question).toHaveCount(0);
  expect(hub.journal).toHaveLength(before);
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  await question.getByRole('button', { name: 'Read 55.3 kB' }).click();
  await expect(bar(page).getByRole('status').first()).toContainText('Measured 55.3 kB in');
  await expect(bar(page).getByText(/^Computed on /)).toBeVisible();
  await expect(bar(page)).toContainText('2 layers measured.');
});

test('planted faults are found, and each leads to its cell', async ({ page, hub }) => {
  await measured(page, hub);
  await expect(findings(page).getByRole('listitem')).toHaveCount(PLANTED_FINDINGS.length);
  await expect(findings(page)).toContainText('All matrices of expert 1 of model.layers.1.mlp are zero.');
  await findings(page).getByRole('button', { name: 'layer 1, expert 9' }).first().click();
  await expect.poll(() => parametersOf(page).get('expert')).toBe('9');
  const details = page.getByRole('region', { name: 'Pinned expert' });
  const { matrices } = await expected();
  const gate = matrices.find((one) => one.layer === 1 && one.expert === 9 && one.projection === 'gate');
  const values = details.getByRole('table', { name: 'Measured values' });
  await expect(values.getByRole('row', { name: /^RMS/ }).getByRole('cell').first()).toHaveAttribute(
    'title',
    String(gate?.rms),
  );
});

test('an address restores statistic, matrix and layers, and nonsense in it is left out', async ({ page, hub }) => {
  await visit(page, hub, { ...PLANTED, statistic: 'max-abs', projection: 'down', layers: '1' });
  await expect(bar(page).getByRole('radio', { name: 'Largest' })).toBeChecked();
  await expect(bar(page).getByRole('radio', { name: 'down' })).toBeChecked();
  await expect(bar(page)).toContainText('Layer 1 · 36 matrices · 27.6 kB');
  await visit(page, hub, { ...PLANTED, statistic: 'median' });
  await expect(page.getByRole('radio', { name: 'Layout' })).toBeChecked();
  await expect(bar(page)).toHaveCount(0);
});

test('layers are measured one after another, and none twice', async ({ page, hub }) => {
  await visit(page, hub, { ...PLANTED, statistic: 'rms', layers: '0' });
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  await page.getByRole('button', { name: 'Read 27.6 kB' }).click();
  await expect(findings(page)).toContainText('No NaN and no dead, twin or outlier experts');
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(bar(page)).toContainText('Layer 1 · 36 matrices · 27.6 kB');
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  await page.getByRole('button', { name: 'Read 27.6 kB' }).click();
  await expect(findings(page).getByRole('listitem')).toHaveCount(PLANTED_FINDINGS.length);
});

test('cells say their values by keyboard, and change with the statistic', async ({ page, hub }) => {
  await measured(page, hub, { layer: '1', expert: '6', projection: 'gate' });
  const cell = page.getByRole('grid').getByRole('gridcell');
  await expect(cell).toContainText(/expert 6, present, BF16, .*RMS of gate 0\.0\d+, not finite$/);
  await bar(page).getByRole('radio', { name: 'RMS' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(bar(page).getByRole('radio', { name: 'NaN, Inf' })).toBeChecked();
  await expect(cell).toContainText('NaN, Inf of gate 1, not finite');
  await page.getByRole('grid').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(cell).toContainText('NaN, Inf of gate 0');
  await expect.poll(() => parametersOf(page).get('statistic')).toBe('not-finite');
});

test('the table twin sorts, and a line leads to its expert', async ({ page, hub }) => {
  await measured(page, hub);
  await page.getByRole('radio', { name: 'Table' }).click();
  const table = page.getByRole('table', { name: 'Values', exact: true });
  await expect(table).toHaveAttribute('aria-rowcount', '25');
  await table.getByRole('button', { name: 'Largest' }).click();
  await expect(table.getByRole('columnheader', { name: 'Largest' })).toHaveAttribute('aria-sort', 'descending');
  const first = table.getByRole('row').nth(1).getByRole('cell');
  await expect(first.nth(1)).toHaveText('11');
  await expect(first.nth(3)).toHaveText('30');
  await first.nth(1).getByRole('button').click();
  await expect(page.getByRole('heading', { name: 'Layer 1, expert 11' })).toBeVisible();
});

test('what is taken along is what the core measures', async ({ page, hub }) => {
  await measured(page, hub);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download JSON' }).click(),
  ]);
  const report = JSON.parse(readFileSync(await download.path(), 'utf8'));
  const { matrices, bytes } = await expected();
  expect(report.matrices).toEqual(matrices);
  expect(report.bytes).toBe(bytes);
  expect(report.findings.map(briefly).sort()).toEqual([...PLANTED_FINDINGS].sort());
  expect(report.source.repo).toBe('preset/planted-values');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy as TSV' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text.trimEnd().split('\n')).toHaveLength(1 + matrices.length);
});

test('a cancel keeps what was measured', async ({ page, hub }) => {
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, after: 50, action: { type: 'ttfb', ms: 600_000 } });
  await visit(page, hub, { ...PLANTED, statistic: 'rms' });
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  await page.getByRole('button', { name: 'Read 55.3 kB' }).click();
  await expect(bar(page).getByRole('progressbar')).toHaveJSProperty('max', BYTES);
  await expect(bar(page)).toContainText(/3[5-9](\.\d)? kB of 55\.3 kB · .*model\.layers\.1\.mlp/);
  await bar(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(bar(page)).toContainText(/Stopped after 3[5-9](\.\d)? kB\. Finished layers keep their values/);
  await expect(findings(page)).toContainText('All matrices of expert 1 of model.layers.1.mlp are zero.');
  hub.faults.clear();
  await expect(bar(page)).toContainText('Layer 1 · 36 matrices · 27.6 kB');
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  await page.getByRole('button', { name: 'Read 27.6 kB' }).click();
  await expect(findings(page).getByRole('listitem')).toHaveCount(PLANTED_FINDINGS.length);
});

test('local files are measured at a press, a sample without weights says why not', async ({ page, hub }) => {
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  for (const [name, content] of Object.entries(plantedFiles(plantedFaults))) writeFileSync(join(folder, name), content);
  await visit(page, hub);
  await dropPaths(page, [folder]);
  await page.getByRole('radio', { name: 'Values' }).click();
  await bar(page).getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(bar(page).getByRole('status').first()).toContainText('Measured 27.6 kB in');
  await expect(findings(page).getByRole('listitem')).toHaveCount(PLANTED_FINDINGS.length);
  await page.goto('/?sample=qwen3-235b-a22b&statistic=rms&layers=0');
  await expect(bar(page)).toContainText('no weights');
  await expect(bar(page).getByRole('button', { name: /^Measure/ })).toHaveCount(0);
});

test('one expert is measured, then a sample of all, which says how many experts it has', async ({ page, hub }) => {
  const folder = mkdtempSync(join(tmpdir(), 'planted-'));
  const files = plantedFiles((value) => value, 9);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  await visit(page, hub);
  await dropPaths(page, [folder]);
  await page.getByRole('radio', { name: 'Values' }).click();
  await bar(page).getByRole('radio', { name: 'One expert' }).click();
  await expect(bar(page)).toContainText('Layer 0, expert 0 · 3 matrices · 2.3 kB');
  await bar(page).getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(bar(page).getByRole('status').first()).toContainText('Measured 2.3 kB in');
  await expect(bar(page)).toContainText('Layer 0, expert 0 measured.');
  await bar(page).getByRole('radio', { name: 'Sample of 1 %' }).click();
  await bar(page).getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(bar(page).getByRole('status').first()).toContainText(
    /Measured 4\.6.* kB in .*Sample: 2 of 108 experts\./,
  );
  await page.getByRole('radio', { name: 'Table' }).click();
  await expect(page.getByRole('table', { name: 'Values', exact: true })).toHaveAttribute('aria-rowcount', '3');
});

test('axe finds nothing in the question and the grid', async ({ page, hub }) => {
  await visit(page, hub, { ...PLANTED, statistic: 'rms', layer: '1', expert: '9' });
  await bar(page).getByRole('button', { name: 'Measure …' }).click();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Read 55.3 kB' }).click();
  await expect(findings(page).getByRole('listitem')).toHaveCount(PLANTED_FINDINGS.length);
  await bar(page)
    .getByText(/^Computed on /)
    .click();
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing in the table', async ({ page, hub }) => {
  await measured(page, hub, { layer: '1', expert: '9' });
  await page.getByRole('radio', { name: 'Table' }).click();
  await expect(page.getByRole('table', { name: 'Values', exact: true })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('values are evidence for a reading of names, after a press that names their bytes', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-e2e-'));
  const stored = { names: 'fused', gateUp: 'in-out', down: 'in-out', biases: true, fusion: 'interleaved' } as const;
  for (const [name, content] of Object.entries(storedWeights({ ...stored, trained: 0.5 })))
    writeFileSync(join(folder, name), content);
  await page.goto('/');
  await dropPaths(page, [folder]);
  await page.getByRole('link', { name: 'Convert', exact: true }).click();
  // Before a target is chosen, the choice of a reading stands above the targets.
  const choice = page.getByRole('region', { name: 'Choice of a reading' });
  await expect(choice).toContainText('If you know how they were saved, choose the layout in the view Convert.');
  await expect(choice.getByRole('button', { name: 'Read as gate-up-interleaved/gpt-oss' })).toBeVisible();
  await expect(choice.getByRole('button', { name: /^Look at the values/ })).toBeVisible();
  await page.getByRole('radio', { name: /^per-expert/ }).check();
  const refusals = page.getByRole('alert').filter({ hasText: 'This cannot be converted' });
  await refusals.getByRole('button', { name: /^Look at the values \(reads at most \d+ kB\)$/ }).click();
  await expect(refusals).toContainText('The values support gate-up-interleaved/gpt-oss for layers 0–2');
  await refusals.getByRole('button', { name: 'Read as gate-up-interleaved/gpt-oss' }).click();
  await expect(refusals).toHaveCount(0);
  await expect(choice).toHaveCount(0);
  await expect.poll(() => parametersOf(page).get('assume')).toBe('gate-up-interleaved/gpt-oss');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(refusals).toBeVisible();
});
