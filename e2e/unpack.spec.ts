import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { createBudget, openCheckpoint, planConversion, runPlan } from '../src/core/index.ts';
import { fp8Checkpoints } from '../src/core/plan/unpack.fixture.ts';
import { createMemorySink } from '../src/core/sink/memory.ts';
import { expect, parametersOf, test, violations, visit } from './support/app.ts';

const FP8 = { repo: 'preset/fp8-tiny', view: 'convert', target: 'stacked' };
const plan = (page: Page) => page.getByRole('region', { name: 'Plan' });

test('FP8 weights are unpacked on request, called not lossless, and are what the plain ones give', async ({
  page,
  hub,
}) => {
  await visit(page, hub, FP8);
  await page.getByRole('radio', { name: 'Unpack to bf16' }).check();
  await expect(plan(page)).toContainText('Not lossless: 10 tensors in FP8 e4m3 become bf16.');
  await expect(plan(page).getByRole('row', { name: /quantization_config/ })).toContainText('taken out');
  await expect.poll(() => parametersOf(page).get('unpack')).toBe('bf16');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Start conversion' }).click();
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  await expect(report).toContainText('Not lossless: 10 tensors in FP8 e4m3 became bf16.');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    report
      .getByRole('row', { name: /model\.safetensors /u })
      .getByRole('link')
      .click(),
  ]);
  const { plain } = fp8Checkpoints(64, 48, 'e4m3', 16);
  const sink = createMemorySink();
  await runPlan(planConversion(await openCheckpoint(plain), 'stacked'), { files: plain, sink, budget: createBudget() });
  const expected = sink.written.get('model.safetensors');
  expect(Buffer.compare(readFileSync(await download.path()), Buffer.from(expected ?? []))).toBe(0);
});

test('an address asks for unpacking, and a checkpoint that is not quantised refuses with a way on', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { ...FP8, repo: 'tiny/mixtral', unpack: 'bf16' });
  await expect(plan(page).getByRole('alert')).toContainText('nothing to unpack');
  await plan(page).getByRole('button', { name: 'Keep weights as stored' }).click();
  await expect(plan(page).getByRole('alert')).toHaveCount(0);
  await expect(page.getByRole('radio', { name: 'Unpack to bf16' })).toHaveCount(0);
});

test('ranks hold what a conversion would unpack, as the address says', async ({ page, hub }) => {
  await visit(page, hub, { ...FP8, view: 'ranks', ep: '3', unpack: 'bf16' });
  const weights = page.getByRole('combobox', { name: 'Weights' });
  await expect(weights).toHaveValue('bf16');
  const first = page.getByRole('listbox', { name: 'Ranks' }).getByRole('option').first();
  const unpacked = await first.innerText();
  await weights.selectOption('As stored');
  await expect.poll(() => parametersOf(page).get('unpack')).toBeNull();
  await expect.poll(() => first.innerText()).not.toBe(unpacked);
  await visit(page, hub, { ...FP8, repo: 'tiny/mixtral', view: 'ranks', unpack: 'bf16' });
  const refused = page.getByRole('alert', { name: 'Refused' });
  await expect(refused).toContainText('This cannot be converted to stacked');
  await refused.getByRole('button', { name: 'Keep weights as stored' }).click();
  await expect(page.getByRole('listbox', { name: 'Ranks' }).getByRole('option').first()).toBeVisible();
});
