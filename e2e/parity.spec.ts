import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { preview } from 'vite';
import { expect, parametersOf, test, violations, visit } from './support/app.ts';

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const BLOCK_IO = root('fixtures/checkpoints/qwen3_moe/block_io.safetensors');
const panel = (page: Page) => page.getByRole('region', { name: 'Same output' });
const pairs = (page: Page) => page.getByRole('table', { name: /Every pair/ });

test('a layer is computed in every form by keyboard, and the address brings the choices back', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare', layer: '2', tokens: '8' });
  await page.getByRole('combobox', { name: 'Ranks' }).selectOption({ label: 'EP 3' });
  await page.getByRole('textbox', { name: 'Seed' }).fill('7');
  await expect.poll(() => parametersOf(page).get('seed')).toBe('7');
  await page.getByRole('button', { name: 'Compute layer 2' }).focus();
  await page.keyboard.press('Enter');
  await expect(panel(page).getByText('✓ The same output')).toBeVisible();
  await expect(panel(page).getByText(/of layer 2 on 8 random tokens \(seed 7\)/)).toBeVisible();
  await expect(pairs(page).getByRole('row')).toHaveCount(1 + 6);
  await expect(pairs(page).getByText('✓ same')).toHaveCount(6);
  await expect(panel(page).getByText('Only equal bytes are a proof')).toBeVisible();
  await expect(panel(page).getByText('on one thread; 3 ranks.')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.reload();
  await expect(page.getByRole('combobox', { name: 'Layer' })).toHaveValue('2');
  await expect(page.getByRole('combobox', { name: 'Ranks' })).toHaveValue('3');
  await expect(page.getByRole('textbox', { name: 'Tokens' })).toHaveValue('8');
});

test('hidden states from a file, held against what transformers gave', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare', layer: '0' });
  await page.getByRole('radio', { name: 'From a file' }).click();
  await page.getByLabel('safetensors file with hidden states').setInputFiles(BLOCK_IO);
  await page.getByRole('textbox', { name: 'Input tensor' }).fill('model.layers.0.mlp.input.0');
  await page.getByRole('textbox', { name: 'Expected output' }).fill('model.layers.0.mlp.output');
  await page.getByRole('button', { name: 'Compute layer 0' }).click();
  await expect(panel(page).getByText('✓ The same output')).toBeVisible();
  await expect(page.getByRole('columnheader', { name: 'Difference from expected' })).toBeVisible();
  await page.getByRole('textbox', { name: 'Input tensor' }).fill('no.such.tensor');
  await page.getByRole('button', { name: 'Compute layer 0' }).click();
  await expect(panel(page).getByRole('alert')).toContainText(
    'There is no tensor no.such.tensor in block_io.safetensors',
  );
});

test('an original and its stacked form give the same output, each from its own bytes', async ({ page, hub }) => {
  const query = {
    repo: 'preset/per-expert-tiny',
    view: 'compare',
    with: 'preset/stacked-tiny',
    part: 'block',
    layer: '2',
  };
  await visit(page, hub, query);
  await expect(page.getByRole('checkbox', { name: 'Also compute it from the second checkpoint' })).toBeChecked();
  await page.getByRole('button', { name: 'Compute layer 2' }).click();
  await expect(panel(page).getByText('✓ The same output')).toBeVisible();
  await expect(pairs(page).getByText('Second checkpoint')).toHaveCount(4);
  await expect(pairs(page).getByText('✓ same')).toHaveCount(10);
  const made = page.getByRole('table', { name: 'How each output was computed' });
  await expect(made.getByRole('row', { name: /^Second checkpoint/ })).toContainText('as stored');
  expect(await violations(page)).toEqual([]);
});

test('a cross-origin isolated page computes with threads', async ({ page }) => {
  const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
  const server = await preview({
    root: root('.'),
    preview: { host: '127.0.0.1', port: 0, headers },
    logLevel: 'error',
  });
  try {
    await page.goto(`${server.resolvedUrls?.local[0]}?sample=tiny-qwen3-moe&view=compare&layer=0`);
    await page.getByRole('button', { name: 'Compute layer 0' }).click();
    await expect(panel(page).getByText('✓ The same output')).toBeVisible();
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);
    const processors = await page.evaluate(() => navigator.hardwareConcurrency);
    if (processors > 1) await expect(panel(page).getByText(/on [2-4] threads/)).toBeVisible();
  } finally {
    await server.close();
  }
});

test('an app without the WebAssembly file, as in the npm package, names its address and says how to add it', async ({
  page,
  hub,
}) => {
  await page.route('**/*.wasm', (route) => route.fulfill({ status: 404, body: 'Not found' }));
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare' });
  await page.getByRole('button', { name: 'Compute layer 0' }).click();
  const alert = panel(page).getByRole('alert');
  await expect(alert).toContainText(/onnxruntime-web could not load its WebAssembly file/);
  await expect(alert).toContainText(/\/assets\/ort-wasm-simd-threaded-[\w-]+\.wasm/);
  await expect(alert).toContainText('npm i onnxruntime-web@1.30.0');
  await expect(alert).toContainText('runtime-unavailable');
});

test('stops on request', async ({ page, hub }) => {
  await page.route('**/*.wasm', () => new Promise(() => {}));
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare' });
  await page.getByRole('button', { name: 'Compute layer 0' }).click();
  await panel(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(panel(page).getByText('You stopped the computation. Nothing was written.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Compute layer 0' })).toBeEnabled();
});

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
}

test('the runtime is in no file that the page loads at its start', async ({ page }) => {
  const manifest = JSON.parse(readFileSync(root('dist/app/.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;
  const early = new Set<string>();
  const follow = (name: string) => {
    const chunk = manifest[name];
    if (!chunk || early.has(chunk.file)) return;
    early.add(chunk.file);
    for (const next of chunk.imports ?? []) follow(next);
  };
  for (const [name, chunk] of Object.entries(manifest)) if (chunk.isEntry) follow(name);
  expect(early.size).toBeGreaterThan(0);
  const marks = /InferenceSession|ort-wasm/;
  for (const file of early) expect(marks.test(readFileSync(join(root('dist/app'), file), 'utf8')), file).toBe(false);
  const assets = readdirSync(root('dist/app/assets'));
  const carriers = assets.filter(
    (file) => file.endsWith('.js') && marks.test(readFileSync(join(root('dist/app/assets'), file), 'utf8')),
  );
  expect(carriers.filter((file) => /^(index|inspect|convert|compare|values)/.test(file))).toEqual([]);
  expect(carriers.length).toBeGreaterThan(0);
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(request.url()));
  await page.goto('/?sample=tiny-qwen3-moe&view=compare');
  await expect(page.getByRole('button', { name: 'Compute layer 0' })).toBeEnabled();
  expect(loaded.filter((url) => /\/ort[-.]|parity\.worker/.test(url))).toEqual([]);
});
