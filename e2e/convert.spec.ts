import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { openCheckpoint } from '../src/core/checkpoint/open.ts';
import { openLocal } from '../src/core/source/folder.node.ts';
import { allTensors, sameTensor, truthOf } from '../src/core/testing.fixture.ts';
import { verifyCheckpoints } from '../src/core/verify/verify.ts';
import { dropPaths, expect, parametersOf, storedFiles, test, visit } from './support/app.ts';

const HUB = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));

async function toConvert(page: Page, target: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert', exact: true }).click();
  await page.getByRole('radio', { name: new RegExp(`^${target} `) }).check();
}

/** Starts the conversion, waits for its report, downloads every file of it into a new folder. */
async function convertAndDownload(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Start conversion' }).click();
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-e2e-'));
  for (const link of await report.getByRole('link', { name: /^Download / }).all()) {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    await download.saveAs(join(folder, download.suggestedFilename()));
  }
  return folder;
}

async function equalToOriginal(folder: string) {
  const [left, right] = await Promise.all([openLocal(HUB), openLocal(folder)]);
  return verifyCheckpoints(
    { files: left, checkpoint: await openCheckpoint(left) },
    { files: right, checkpoint: await openCheckpoint(right) },
  );
}

test('drop a real folder, convert to gate-up, and the download is what transformers holds', async ({ page }) => {
  await page.goto('/');
  await dropPaths(page, [HUB]);
  await expect(page.getByText('104 tensors')).toBeVisible();
  await toConvert(page, 'gate-up');
  const folder = await convertAndDownload(page);
  expect(readdirSync(folder).sort()).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'model.safetensors.index.json',
    'moe-loom-report.json',
  ]);
  const [card] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: /^Download model card/ }).click(),
  ]);
  expect(card.suggestedFilename()).toBe('README.md');
  expect(readFileSync(await card.path(), 'utf8')).toContain('gate_up_proj');
  await page.getByRole('checkbox', { name: 'with pictures of a layer before and after' }).check();
  const [zip] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download model card (model-card.zip)' }).click(),
  ]);
  // ZIP stores its files as they are.
  const archive = readFileSync(await zip.path(), 'utf8');
  expect(archive).toContain('(layout-before.svg)');
  for (const file of ['README.md', 'layout-before.svg', 'layout-after.svg'])
    expect(archive).toContain(`model-card/${file}`);
  expect(archive.match(/<svg /g)).toHaveLength(2);
  const output = await allTensors(await openLocal(folder));
  const truth = await truthOf('qwen3_moe');
  expect([...output.keys()].sort()).toEqual([...truth.keys()].sort());
  expect([...truth].filter(([name, tensor]) => !sameTensor(tensor, output.get(name))).map(([name]) => name)).toEqual(
    [],
  );
});

test('choose a folder, convert to stacked, and the download is equal to the original', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Choose folder').setInputFiles(HUB);
  await expect(page.getByText('104 tensors')).toBeVisible();
  await toConvert(page, 'stacked');
  const folder = await convertAndDownload(page);
  expect(await equalToOriginal(folder)).toMatchObject({ equal: true, tensors: 104, differences: [] });
  const { tensors } = await openCheckpoint(await openLocal(folder));
  expect(tensors.get('model.layers.0.mlp.experts.gate_proj')?.shape).toEqual([12, 48, 64]);
});

test('several chosen files open as one checkpoint; chosen layers give a partial output', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Choose files').setInputFiles(readdirSync(HUB).map((name) => join(HUB, name)));
  await expect(page.getByText('104 tensors')).toBeVisible();
  await toConvert(page, 'stacked');
  await page.getByRole('radio', { name: /^Chosen layers/ }).check();
  await page.getByRole('textbox', { name: /^Layer numbers/ }).fill('0, 2');
  const folder = await convertAndDownload(page);
  const checkpoint = await openCheckpoint(await openLocal(folder));
  expect(checkpoint.findings.map((finding) => finding.tag)).toEqual(['partial']);
  expect([...checkpoint.tensors.keys()].every((name) => /^model\.layers\.[02]\./.test(name))).toBe(true);
  expect(await equalToOriginal(folder)).toMatchObject({ equal: true, layers: [0, 2] });
  expect(JSON.parse(readFileSync(join(folder, 'moe-loom-report.json'), 'utf8'))).toMatchObject({
    scope: 'partial',
    layers: [0, 2],
  });
});

test('a dropped Hub cache folder opens at its snapshot', async ({ page }) => {
  const cache = join(mkdtempSync(join(tmpdir(), 'moe-loom-cache-')), 'models--tiny--moe');
  cpSync(HUB, join(cache, 'snapshots', 'a'.repeat(40)), { recursive: true });
  await page.goto('/');
  await dropPaths(page, [cache]);
  await expect(page.getByText('104 tensors')).toBeVisible();
});

test('cancel in the middle leaves nothing behind', async ({ page, hub }) => {
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: 'slow', bps: 40_000 } });
  await visit(page, hub, { repo: 'tiny/mixtral', view: 'convert', target: 'stacked' });
  await page.getByRole('button', { name: 'Start conversion' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText(/stopped|cancelled/i).first()).toBeVisible();
  expect(await storedFiles(page)).toEqual([]);
});

test('a shard that is missing or a pointer is said, and nothing can be started', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-broken-'));
  cpSync(HUB, folder, { recursive: true });
  rmSync(join(folder, 'model-00002-of-00003.safetensors'));
  await page.goto('/');
  await dropPaths(page, [folder]);
  await expect(page.getByText(/model-00002-of-00003\.safetensors is missing/).first()).toBeVisible();
  await toConvert(page, 'stacked');
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeDisabled();
});

test('a shard that is cut short counts in the headline, though no cell of what was read is defect', async ({
  page,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-e2e-'));
  cpSync(HUB, folder, { recursive: true });
  const shard = join(folder, 'model-00001-of-00003.safetensors');
  truncateSync(shard, statSync(shard).size - 1000);
  await page.goto('/');
  await dropPaths(page, [folder]);
  await expect(page.getByText('The file ends 1000 bytes before the last tensor does', { exact: false })).toBeVisible();
  await expect(page.locator('.defects')).toHaveText('1 error');
  rmSync(folder, { recursive: true });
});

/** The radio button of a program in Convert. */
function programRadio(page: Page, name: string) {
  return page.getByRole('radio', { name: new RegExp(`^${name} `) });
}

test('nothing is preselected where most programs load it as it is; a program is chosen by keyboard', async ({
  page,
}) => {
  await page.goto('/?sample=tiny-qwen3-moe&view=convert');
  await expect(
    page.getByText(/of 11 programs load this checkpoint as it is|Programs that load the result/),
  ).toBeVisible();
  await programRadio(page, 'transformers 5').focus();
  await page.keyboard.press('Space');
  // The address has the layout too where it was known at the key press.
  await expect.poll(() => parametersOf(page).get('for')).toBe('transformers-5');
  await expect(page.getByRole('radio', { name: /^transformers 5 gate-up/ })).toBeChecked();
  const forecast = page.getByRole('table', { name: /^Programs that load the result/ });
  await expect(forecast.getByRole('row', { name: /^Loads transformers 5/ })).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => parametersOf(page).get('for')).toBe('vllm');
  await page.reload();
  await expect(programRadio(page, 'vLLM')).toBeChecked();
});

test('the program of an address chooses the layout', async ({ page }) => {
  await page.goto('/?sample=tiny-qwen3-moe&view=convert&for=mlx');
  await expect(page.getByRole('radio', { name: /^MLX switch-mlp/ })).toBeChecked();
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeEnabled();
  await page.goto('/?sample=tiny-qwen3-moe&view=convert&for=no-such-program');
  await expect(page.getByRole('radio', { name: /^MLX switch-mlp/ })).toBeVisible();
  await expect(page.locator('input[name=for]:checked')).toHaveCount(0);
});

test('the warning about wrong weights stands beside the button that starts', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' });
  const warning = page.getByText(
    /^With this result, .*SGLang.* start without an error, but their expert weights are random/,
  );
  await expect(warning).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start conversion' })).toHaveAccessibleDescription(
    /SGLang .*loads? the checkpoint now/,
  );
  await programRadio(page, 'vLLM').check();
  await expect(page.getByText(/^With this result, .*SGLang/)).toHaveCount(0);
});

test('another checkpoint keeps the target and the engine; what it cannot take is said in one line', async ({
  page,
  hub,
}) => {
  await visit(page, hub, {
    repo: 'preset/fp8-tiny',
    view: 'convert',
    target: 'stacked',
    unpack: 'bf16',
    engine: 'cpu',
    assume: 'out-in',
  });
  await expect(page.getByText('Chosen reading of the experts: rows are outputs.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeEnabled();
  await dropPaths(page, [HUB]);
  await expect.poll(() => parametersOf(page).get('local')).toBe('hub');
  await expect(
    page.getByText('Unpacking to bf16 was not kept: this checkpoint has no FP8 or MXFP4 weights.'),
  ).toBeVisible();
  await expect
    .poll(() => Object.fromEntries(parametersOf(page)))
    .toMatchObject({ target: 'stacked', engine: 'cpu', view: 'convert' });
  await expect.poll(() => ['unpack', 'assume'].map((name) => parametersOf(page).get(name))).toEqual([null, null]);
  await expect(page.getByRole('radio', { name: /^stacked One/ })).toBeChecked();
});

test('a target that another checkpoint cannot take is dropped with its reason', async ({ page }) => {
  await page.goto('/?sample=tiny-gpt-oss&view=convert&target=gate-up-interleaved');
  await expect(page.getByRole('radio', { name: /^gate-up-interleaved / })).toBeChecked();
  await dropPaths(page, [HUB]);
  await expect(page.getByText(/^The target gate-up-interleaved was not kept: /)).toBeVisible();
  await expect.poll(() => parametersOf(page).get('target')).toBeNull();
});
