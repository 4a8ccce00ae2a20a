import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { storedWeights } from '../src/core/values/stored-weights.fixture.ts';
import { dropPaths, expect, test, violations, visit } from './support/app.ts';

/** What the specs of the views leave out: notices and questions that stand beside them for a moment. */

const TINY = { repo: 'tiny/qwen3-moe' };

/** A folder whose experts can be read in several ways. */
function ambiguousFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-e2e-'));
  const stored = { names: 'fused', gateUp: 'in-out', down: 'in-out', biases: true, fusion: 'interleaved' } as const;
  for (const [name, content] of Object.entries(storedWeights({ ...stored, trained: 0.5 })))
    writeFileSync(join(folder, name), content);
  return folder;
}

/** A file that is dragged over the page and not dropped. */
async function dragOver(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 640, y: 400, data });
  await session.detach();
}

test('axe finds nothing in the choice of a reading, in a refusal and in the choice that was made', async ({ page }) => {
  await page.goto('/');
  await dropPaths(page, [ambiguousFolder()]);
  await page.getByRole('link', { name: 'Convert', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Choice of a reading' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('radio', { name: /^per-expert/ }).check();
  const refusals = page.getByRole('alert').filter({ hasText: 'This cannot be converted' });
  await expect(refusals).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await refusals.getByRole('button', { name: 'Read as gate-up-interleaved/gpt-oss' }).click();
  await expect(page.getByRole('button', { name: 'Undo' })).toBeVisible();
  await expect(refusals).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing in a conversion that failed, and in the question before a result is deleted', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { ...TINY, view: 'convert', target: 'stacked' });
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeEnabled();
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: '404entry' } });
  await page.getByRole('button', { name: 'Start conversion' }).click();
  const again = page.getByRole('button', { name: 'Start again' });
  await expect(again).toBeVisible();
  expect(await violations(page)).toEqual([]);
  hub.faults.clear();
  await again.click();
  const report = page.getByRole('region', { name: 'Report' });
  await report.getByRole('button', { name: /^Delete the result/ }).click();
  await expect(report.getByRole('alert')).toContainText('This deletes the converted files');
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing in compared values, and where the other checkpoint cannot be read', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, view: 'compare', with: 'preset/stacked-tiny' });
  await page.getByRole('radio', { name: 'Everything' }).check();
  await page.getByRole('button', { name: 'Compare values' }).click();
  await expect(page.getByRole('region', { name: 'Values' })).toContainText('compared:');
  expect(await violations(page)).toEqual([]);
  await visit(page, hub, { ...TINY, view: 'compare', with: 'nobody/nothing' });
  await expect(page.getByRole('heading', { name: 'The other checkpoint cannot be read.' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing while files are dragged over the page, when they are refused, and where they are gone', async ({
  page,
}) => {
  const text = join(mkdtempSync(join(tmpdir(), 'moe-loom-e2e-')), 'notes.txt');
  writeFileSync(text, 'no weights');
  await page.goto('/');
  await dragOver(page, text);
  await expect(page.getByText('Drop to open.')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await dropPaths(page, [text]);
  await expect(page.getByRole('alert')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.goto('/?local=my%20folder');
  await expect(page.getByText('my folder').first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing in the values of a tensor, and in a map of ranks', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, view: 'tensors', tensor: 'model.layers.0.mlp.experts.0.gate_proj.weight' });
  await page.getByRole('button', { name: /^Count all values/ }).click();
  await expect(page.getByText('Different', { exact: false }).first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await visit(page, hub, { ...TINY, colour: 'rank', ep: '4', layer: '0', expert: '3' });
  await expect(page.getByRole('figure', { name: 'Legend' }).first()).toContainText(/rank/i);
  expect(await violations(page)).toEqual([]);
});
