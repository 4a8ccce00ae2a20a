import { closeSync, ftruncateSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropPaths, expect, parametersOf, test, violations, visit } from './support/app.ts';

/** Rows and columns of a matrix, and experts of the only layer: 1.2 GB of zeros that take no room on a disk. */
const [ROWS, COLUMNS, EXPERTS] = [2048, 4096, 24];

/** A folder with a checkpoint of one layer, its file sparse. */
function largeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-e2e-'));
  const bytes = 2 * ROWS * COLUMNS;
  const names = Array.from({ length: EXPERTS }, (_, expert) =>
    ['gate', 'up', 'down'].map((projection) => `model.layers.0.mlp.experts.${expert}.${projection}_proj.weight`),
  ).flat();
  const header = Object.fromEntries(
    names.map((name, at) => [
      name,
      {
        dtype: 'BF16',
        shape: name.includes('down') ? [COLUMNS, ROWS] : [ROWS, COLUMNS],
        data_offsets: [at * bytes, (at + 1) * bytes],
      },
    ]),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, Buffer.concat([length, text]));
  const file = openSync(path, 'r+');
  ftruncateSync(file, 8 + text.byteLength + names.length * bytes);
  closeSync(file);
  const config = {
    model_type: 'qwen3_moe',
    num_hidden_layers: 1,
    num_experts: EXPERTS,
    hidden_size: COLUMNS,
    moe_intermediate_size: ROWS,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

const BIG = 'moe-loom/Qwen3-235B-A22B-stacked';

test('a download of 470 GB asks with bytes and time, and one layer is the default', async ({ page, hub }) => {
  await visit(page, hub, { repo: BIG, view: 'convert', target: 'gate-up' });
  const start = page.getByRole('button', { name: 'Start conversion …' });
  await expect(start).toBeEnabled();
  await expect(page.getByText('Downloads 470 GB')).toBeVisible();
  const before = hub.journal.length;
  await start.click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('470 GB from 127.0.0.1');
  await expect(question).toContainText('about 1 h 18 min at 100 MB/s (assumed: nothing was read yet)');
  expect(await violations(page)).toEqual([]);
  await expect(question.getByRole('button', { name: /^Only layer 0/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(question).toBeHidden();
  await expect.poll(() => parametersOf(page).get('layers')).toBe('0');
  expect(hub.journal.slice(before).filter(({ class: kind }) => kind === 'cdn')).toEqual([]);
});

test('statistics of one expert come before those of a layer, a sample and all, and Escape reads nothing', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: BIG, statistic: 'rms' });
  const bar = page.getByRole('region', { name: 'Values', exact: true });
  const scope = bar.getByRole('radiogroup', { name: 'Measure' });
  await expect(scope.getByRole('radio', { name: 'One expert' })).toBeChecked();
  await expect(bar).toContainText('Layer 0, expert 0 · 3 matrices · 37.7 MB');
  await scope.getByRole('radio', { name: 'One layer' }).click();
  await expect(bar).toContainText('Layer 0 · 384 matrices · 4.83 GB');
  await scope.getByRole('radio', { name: 'Sample of 1 %' }).click();
  await expect(bar).toContainText('Every 100th expert · 363 matrices · 4.57 GB');
  await scope.getByRole('radio', { name: 'All layers' }).click();
  await bar.getByRole('button', { name: 'Measure …' }).click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('454 GB');
  const before = hub.journal.length;
  await expect(question.getByRole('button', { name: 'Only layer 0, expert 0 (37.7 MB)' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  expect(hub.journal).toHaveLength(before);
});

test('a small conversion starts at once, with its bytes beside the button', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' });
  await expect(page.getByText(/^Downloads \d+ kB$/)).toBeVisible();
  await page.getByRole('button', { name: 'Start conversion', exact: true }).click();
  await expect(page.getByRole('alertdialog')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Open the result' })).toBeVisible();
});

test('resuming asks again while more than 1 GB is left', async ({ page, hub }) => {
  const query = { view: 'convert', target: 'per-expert', layers: '0', 'max-shard': '13 MB' };
  await visit(page, hub, { repo: BIG, ...query });
  const start = page.getByRole('button', { name: 'Start conversion …' });
  await expect(start).toBeEnabled();
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, after: 8, action: { type: '404entry' } });
  await start.click();
  const question = page.getByRole('alertdialog');
  await question.getByRole('button', { name: 'Download 4.98 GB' }).click();
  const job = page.getByRole('region', { name: 'Conversion' });
  await expect(job.getByRole('alert')).toContainText(/[1-9]\d* of \d+ shards (is|are) finished and kept/);
  const unfinished = page.getByRole('region', { name: 'Unfinished conversions' });
  await unfinished.getByRole('button', { name: /^Resume/ }).click();
  await expect(question).toContainText(/The rest downloads 4\.[6-9]\d* GB from 127\.0\.0\.1/);
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await unfinished.getByRole('button', { name: /^Delete/ }).click();
  await unfinished.getByRole('button', { name: 'Delete what was written' }).click();
  await expect(unfinished).toHaveCount(0);
});

test('a conversion of 1.2 GB on this computer asks, and asks again after it was cancelled', async ({ page }) => {
  await page.goto('/');
  await dropPaths(page, [largeFolder()]);
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert', exact: true }).click();
  await page.getByRole('radio', { name: /^stacked / }).check();
  await expect(page.getByText('Reads 1.21 GB', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Start conversion …' }).click();
  const question = page.getByRole('alertdialog');
  await expect(question).toContainText('This conversion reads 1.21 GB.');
  await expect(question).toContainText('(assumed: nothing was read yet)');
  // The only layer is no narrower choice.
  await expect(question.getByRole('button')).toHaveText(['Read 1.21 GB', 'Not now']);
  await question.getByRole('button', { name: 'Read 1.21 GB' }).click();
  const job = page.getByRole('region', { name: 'Conversion' });
  await job.getByRole('button', { name: 'Cancel' }).click();
  await job.getByRole('button', { name: 'Start again …' }).click();
  await expect(question).toContainText('1.21 GB');
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await expect(job).toContainText('You cancelled the conversion');
});
