import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { estimateMemory, shapeFromConfig } from '../src/core/index.ts';
import { expect, parametersOf, test, violations, visit } from './support/app.ts';

const CONFIG = fileURLToPath(new URL('../fixtures/configs/Qwen3-235B-A22B.json', import.meta.url));
/** Its expert tensors in 94 stacks of each kind: the same numbers as experts apart, and it opens in a third of the time. */
const BIG = { repo: 'moe-loom/Qwen3-235B-A22B-stacked', view: 'ranks' };
const OUT = 'fsdp2,gpus:64,ep:64,context:16384';
const OFFLOADED = 'fsdp2,gpus:64,ep:64,cp:8,context:32768,offload:optimizer';

const outcome = (page: Page, name = 'This set-up') => page.getByRole('region', { name, exact: true });

test('from the placement to the planner, and back', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'ranks', ep: '4' });
  await page.getByRole('radio', { name: 'Memory: will it fit' }).click();
  await expect(outcome(page)).toContainText('fits');
  await expect.poll(() => parametersOf(page).get('memory')).toBe('transformers-5,ep:4');
  await page.getByRole('radio', { name: 'Placement', exact: true }).click();
  await expect(page.getByText('4 ranks, 3 of 12 experts each')).toBeVisible();
});

test('a deep link shows both set-ups with the numbers of the core', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, repo: 'Qwen/Qwen3-235B-A22B', memory: OFFLOADED, against: OUT });
  const shape = shapeFromConfig(JSON.parse(readFileSync(CONFIG, 'utf8')));
  const report = estimateMemory(shape, {
    framework: 'fsdp2',
    gpus: 64,
    ep: 64,
    cp: 8,
    context: 32_768,
    offload: 'optimizer',
  });
  if ('error' in report) throw new Error(report.error);
  await expect(outcome(page)).toContainText(`fits ${report.low.toFixed(1)}–${report.high.toFixed(1)} of 84.9 GB`);
  await expect(outcome(page)).toContainText('The host holds 44.1 GB for each GPU');
  await expect(outcome(page, 'Other set-up')).toContainText('out of memory');
  const terms = page.getByRole('table', { name: 'Terms of memory' });
  for (const term of report.terms)
    await expect(terms.getByRole('row', { name: new RegExp(`^${term.name} \\d`) })).toBeVisible();
  await expect(page.getByRole('region', { name: 'The model card’s rows' })).toContainText(
    'On 64 GPUs that is 36.7 GB per GPU',
  );
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(outcome(page)).toContainText('out of memory');
  await page.getByRole('button', { name: 'Stop comparing' }).click();
  await expect(outcome(page, 'Other set-up')).toBeHidden();
  await expect.poll(() => parametersOf(page).get('against')).toBeNull();
});

test('sliders stop at values that can be, by keyboard, and the address follows', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: OUT });
  const slider = page.getByRole('slider', { name: 'Context parallel' });
  await expect(outcome(page)).toContainText('out of memory');
  await slider.focus();
  await page.keyboard.press('End');
  await expect(slider).toHaveAttribute('aria-valuetext', '64');
  await expect.poll(() => parametersOf(page).get('memory')).toBe('fsdp2,gpus:64,ep:64,cp:64,context:16384');
  await page.getByRole('combobox', { name: 'Offload to the host' }).selectOption('optimizer');
  await expect(outcome(page)).toContainText('fits');
  const ep = page.getByRole('slider', { name: 'Expert parallel' });
  await ep.focus();
  await page.keyboard.press('Home');
  await expect(ep).toHaveAttribute('aria-valuetext', '1');
});

test('a preset sets the cluster, and is marked while it holds', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: OUT });
  const presets = page.getByRole('region', { name: 'Presets' });
  await presets.getByRole('button', { name: '8 × B200' }).click();
  await expect.poll(() => parametersOf(page).get('memory')).toBe('fsdp2,gpus:8,ep:8,context:16384,capacity:178.4');
  await expect(outcome(page)).toContainText('of 191.6 GB on each of 8 GPUs');
  await expect(presets.getByRole('button', { name: '8 × B200' })).toHaveAttribute('aria-pressed', 'true');
  await presets.getByRole('button', { name: '32k, CP 8, offload' }).click();
  await expect(outcome(page)).toContainText('The host holds 44.1 GB for each GPU');
  await expect(presets.getByRole('button', { name: '8 × B200' })).toHaveAttribute('aria-pressed', 'false');
});

test('a field and its slider are one value; what cannot be is explained beside the field', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: OUT });
  const field = page.getByRole('textbox', { name: 'Expert parallel' });
  const slider = page.getByRole('slider', { name: 'Expert parallel' });
  await expect(field).toHaveValue('64');
  await field.fill('16');
  await expect(slider).toHaveAttribute('aria-valuetext', '16');
  await slider.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(field).toHaveValue('8');
  await field.fill('5');
  await expect(page.getByRole('alert').first()).toContainText('This set-up is not possible');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveAccessibleDescription(/^5 does not work with the other sizes. These do: 1, 2, 4/);
  await field.fill('many');
  await expect(field).toHaveAccessibleDescription('Enter a whole number from 1 to 16384.');
  await expect(slider).toHaveAttribute('aria-valuetext', '5');
});

test('the marks of a slider stay when the model and the other sizes change', async ({ page, hub }) => {
  const marks = async (query: Record<string, string>) => {
    await visit(page, hub, { view: 'ranks', ...query });
    await expect(outcome(page)).toBeVisible();
    return page
      .locator('.size-marks')
      .evaluateAll((all) =>
        all.map((each) =>
          Array.from(each.querySelectorAll('text'), (text) => `${text.textContent} ${text.getAttribute('x')}`),
        ),
      );
  };
  const small = await marks({ repo: 'tiny/qwen3-moe', memory: 'fsdp2,gpus:12,ep:3' });
  expect(small).toHaveLength(7);
  expect(await marks({ ...BIG, memory: OUT })).toEqual(small);
});

test('on a narrow screen results come before the fields', async ({ page, hub }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await visit(page, hub, { ...BIG, memory: OUT });
  const tops = await Promise.all(
    [outcome(page), page.getByRole('form', { name: 'Set-up' }), page.getByRole('region', { name: 'Terms' })].map(
      async (part) => (await part.boundingBox())?.y ?? Number.NaN,
    ),
  );
  expect(tops).toEqual([...tops].sort((a, b) => a - b));
  await expect(page.getByRole('list', { name: 'Terms of memory' })).toContainText('optimizer states');
});

test('what fits: a press takes the set-up over', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: OUT });
  const grid = page.getByRole('table', { name: 'What fits: expert parallelism by GPUs' });
  await expect(grid.getByRole('button', { name: /^EP 64 on 64 GPUs: out of memory/ })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  const better = grid.getByRole('button', { name: /^EP 64 on 512 GPUs:/ });
  await better.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('slider', { name: 'GPUs' })).toHaveAttribute('aria-valuetext', '512');
  await expect(better).toHaveAttribute('aria-pressed', 'true');
});

test('what a program refuses is said in its words', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: 'transformers-5,gpus:6,ep:6' });
  await expect(page.getByRole('alert').first()).toContainText('Cannot evenly shard 128 experts across 6');
});

test('configurations are shown, and downloaded as they are shown', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: OFFLOADED });
  const configs = page.getByRole('region', { name: 'Configurations' });
  await expect(configs.getByRole('region', { name: 'fsdp2.yaml' })).toContainText(
    'fsdp_cpu_ram_efficient_loading: false',
  );
  await configs.getByRole('combobox', { name: 'Configuration' }).selectOption('megatron-core');
  const shown = configs.getByRole('region', { name: 'megatron.sh' });
  await expect(shown).toContainText('--expert-model-parallel-size 64');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    configs.getByRole('button', { name: 'Download megatron.sh' }).click(),
  ]);
  expect(readFileSync(await download.path(), 'utf8')).toBe(await shown.textContent());
});

test('LoRA and a speed: from the address, and by their fields', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: 'fsdp2,gpus:64,ep:64,lora:16,mfu:30' });
  await expect(outcome(page)).toContainText('LoRA: rank 16 on attention');
  await expect(outcome(page).getByRole('list', { name: 'Speed' })).toContainText('MFU 30 %');
  const terms = page.getByRole('table', { name: 'Terms of memory' });
  await expect(terms.getByRole('row', { name: /^frozen weights \d/ })).toBeVisible();
  await page.getByRole('textbox', { name: 'LoRA targets' }).fill('q_proj+v_proj');
  await expect(outcome(page)).toContainText('LoRA: rank 16 on q_proj, v_proj');
  await expect
    .poll(() => parametersOf(page).get('memory'))
    .toBe('fsdp2,gpus:64,ep:64,lora:16,targets:q_proj+v_proj,mfu:30');
  await page.getByRole('textbox', { name: 'LoRA rank' }).fill('');
  await expect(terms.getByRole('row', { name: /^weights \d/ })).toBeVisible();
});

test('axe finds nothing in the planner', async ({ page, hub }) => {
  await visit(page, hub, { ...BIG, memory: OFFLOADED, against: OUT });
  await expect(page.getByRole('region', { name: 'What fits', exact: true })).toBeVisible();
  await expect(page.getByRole('region', { name: 'fsdp2.yaml' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
