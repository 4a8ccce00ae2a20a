import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { openCheckpoint } from '../src/core/index.ts';
import { openLocal } from '../src/core/source/folder.node.ts';
import { expect, moveTo, parametersOf, test, violations, visit } from './support/app.ts';

const HUB = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));
const BIG = { repo: 'Qwen/Qwen3-235B-A22B', view: 'tensors' };
const TINY = { repo: 'tiny/qwen3-moe', view: 'tensors' };

test('filters join, show as chips, stand in the address, and go one by one; then the tree by keyboard', async ({
  page,
  hub,
}) => {
  await visit(page, hub, BIG);
  await expect(page.getByText('36,945 tensors')).toBeVisible();
  await page
    .locator('.filter-bar')
    .getByRole('button', { name: /^Layer/ })
    .click();
  await page.getByRole('combobox', { name: /Layers/ }).fill('5-6');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(page.getByText('786 tensors')).toBeVisible();
  await page
    .locator('.filter-bar')
    .getByRole('button', { name: /^Expert/ })
    .click();
  await page.getByRole('combobox', { name: /Experts/ }).fill('7');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(page.getByText('6 tensors,')).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search tensors' }).fill('up_proj');
  await expect(page.getByText('2 tensors,')).toBeVisible();
  await expect
    .poll(() => Object.fromEntries(parametersOf(page)))
    .toMatchObject({ 'in-layers': '5-6', 'in-experts': '7', q: 'up_proj' });
  await page.getByRole('button', { name: 'Remove filter layers 5–6' }).click();
  await expect(page.getByText('94 tensors,')).toBeVisible();
  await page.getByRole('button', { name: 'Remove filter expert 7' }).click();
  await expect(page.getByText('12,032 tensors,')).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search tensors' }).fill('');
  await expect(page.getByText('36,945 tensors')).toBeVisible();
  await test.step('the tree by keyboard, down to a tensor and back', () => treeByKeyboard(page));
});

async function treeByKeyboard(page: Page): Promise<void> {
  await page.getByRole('radio', { name: 'Tree' }).click();
  const tree = page.getByRole('tree');
  await expect(tree.getByRole('treeitem', { name: /^model, 36,944 tensors/ })).toBeVisible();
  await tree.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowRight');
  await expect(tree.getByRole('treeitem', { name: /^layers, 36,942 tensors/ })).toBeVisible();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  const two = tree.getByRole('treeitem', { name: /^2, 393 tensors/ });
  await expect(two).toHaveAttribute('aria-level', '3');
  await expect(two).toHaveAttribute('aria-posinset', '3');
  await expect(two).toHaveAttribute('aria-setsize', '94');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(tree.getByRole('treeitem', { name: /^input_layernorm.weight/ })).toBeVisible();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Tensor' });
  await expect(details).toContainText('model.layers.0.input_layernorm.weight');
  await expect(details).toBeFocused();
  await expect.poll(() => parametersOf(page).get('tensor')).toBe('model.layers.0.input_layernorm.weight');
  await page.keyboard.press('Escape');
  await expect(details).toBeHidden();
  await expect(tree).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(tree.getByRole('treeitem', { name: /^input_layernorm/ })).toBeHidden();
}

test('a link restores listing, search, filters, sorting and the chosen tensor', async ({ page, hub }) => {
  const tensor = 'model.layers.60.mlp.experts.99.down_proj.weight';
  await visit(page, hub, { ...BIG, as: 'tree', tensor });
  const chosen = page.getByRole('treeitem', { selected: true });
  await expect(chosen).toHaveAccessibleName(/^down_proj.weight, BF16 \[4096, 1536\]/);
  await expect(page.getByRole('complementary', { name: 'Tensor' })).toContainText('model-000');
  const query = { q: 'gate_proj layers.3', sort: '-start', 'in-experts': '12-13', dtype: 'BF16' };
  await moveTo(page, { endpoint: hub.url, ...BIG, ...query });
  await expect(page.getByText('22 tensors,')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('searchbox', { name: 'Search tensors' })).toHaveValue('gate_proj layers.3');
  await expect(page.getByText('22 tensors,')).toBeVisible();
  await expect(page.getByRole('columnheader', { name: 'Bytes of the file' })).toHaveAttribute(
    'aria-sort',
    'descending',
  );
  await expect(page.getByRole('button', { name: 'Remove filter experts 12–13' })).toBeVisible();
});

test('a letter is answered before the page is drawn: in one step, without waiting for the worker', async ({
  page,
  hub,
}) => {
  await visit(page, hub, BIG);
  await expect(page.getByText('36,945 tensors')).toBeVisible();
  const steps = (text: string) =>
    page.getByRole('searchbox', { name: 'Search tensors' }).evaluate(async (element, typed) => {
      const body = document.querySelector('.tensors-body') as HTMLElement;
      let answers = 0;
      const observer = new MutationObserver((records) => {
        answers += records.length;
      });
      observer.observe(body, { attributeFilter: ['data-answer'] });
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(element, typed);
      element.dispatchEvent(new Event('input', { bubbles: true }));
      // Microtasks alone: no message is received and no frame is drawn before them.
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      observer.disconnect();
      return { answers, first: body.querySelector('[aria-rowindex="2"] [data-column="name"]')?.textContent };
    }, text);
  let tries = 0;
  await expect.poll(async () => (await steps('x'.repeat(++tries))).answers).toBe(1);
  const name = 'model.layers.60.mlp.experts.0.down_proj.weight';
  expect(await steps('layers.60.mlp')).toEqual({ answers: 1, first: name });
  await expect(page.getByText('385 tensors,')).toBeVisible();
  await expect.poll(() => parametersOf(page).get('q')).toBe('layers.60.mlp');
  await page.getByRole('grid', { name: 'Tensors' }).press('End');
  await expect(page.getByText('model.layers.60.mlp.gate.weight')).toBeVisible();
});

test('the rows that are listed download as TSV', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, q: 'lm_head' });
  await expect(page.getByText('1 tensor,')).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download TSV' }).click(),
  ]);
  const text = await readFile(await download.path(), 'utf8');
  expect(text).toMatch(
    /^name\tdtype\tshape\tbytes\tfile\tstart\tend\trole\nlm_head\.weight\tBF16\t\[\d+, 64\]\t\d+\tmodel-/,
  );
  expect(text.trim().split('\n')).toHaveLength(2);
});

test('a tensor shows its ends exactly, read as ends alone, and all its values when asked', async ({ page, hub }) => {
  const name = 'model.layers.0.mlp.experts.3.up_proj.weight';
  const { stored, tensor } = await storedBf16(name);
  await visit(page, hub, { ...TINY, tensor: name });
  const details = page.getByRole('complementary', { name: 'Tensor' });
  const [first, last] = [
    details.getByRole('table', { name: 'First values' }),
    details.getByRole('table', { name: 'Last values' }),
  ];
  await expect(first.getByRole('row')).toHaveCount(17);
  const shown = (table: typeof first) =>
    table.locator('td.number').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title')));
  expect(await shown(first)).toEqual(stored.slice(0, 16).map(String));
  expect(await shown(last)).toEqual(stored.slice(-16).map(String));
  await expect(last.getByRole('row').last()).toContainText(`[${tensor.shape.map((dim) => dim - 1).join(', ')}]`);
  const ends = hub.journal.filter(({ path }) => path.includes('.safetensors')).map(({ bytesSent }) => bytesSent);
  expect(ends.filter((bytes) => bytes === 32)).toHaveLength(2);
  await details.getByRole('button', { name: 'Count all values (6.14 kB)' }).click();
  const all = details.getByRole('region', { name: 'All values' });
  await expect(all).toContainText('3,072');
  const fact = (term: string) => all.locator('dl > div', { has: page.getByText(term, { exact: true }) }).locator('dd');
  await expect(fact('Smallest')).toHaveText(String(Number(Math.min(...stored).toPrecision(9))));
  await expect(fact('Largest')).toHaveText(String(Number(Math.max(...stored).toPrecision(9))));
  await expect(fact('Different')).toHaveText(new Set(stored).size.toLocaleString('en-US'));
  await expect(fact('NaN')).toHaveText('0');
  await expect(all.getByRole('img', { name: /^Histogram of 64 bins/ })).toBeVisible();
});

/** A tensor's numbers straight from the fixture's file. */
async function storedBf16(name: string) {
  const files = await openLocal(HUB);
  const tensor = (await openCheckpoint(files)).tensors.get(name);
  if (!tensor) throw new Error(`the fixture has no ${name}`);
  const bytes = await readFile(join(HUB, tensor.file));
  const stored: number[] = [];
  for (let at = tensor.start as number; at < tensor.end; at += 2) {
    stored.push(new Float32Array(Uint32Array.of(bytes.readUInt16LE(at) << 16).buffer)[0] ?? Number.NaN);
  }
  return { tensor, stored };
}

test('counting a long tensor shows bytes and stops when told', async ({ page, hub }) => {
  await visit(page, hub, {
    repo: 'moe-loom/Qwen3-235B-A22B-stacked',
    view: 'tensors',
    q: 'layers.5.mlp.experts.up_proj',
  });
  await page.getByRole('grid').focus();
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Tensor' });
  await details.getByRole('button', { name: 'Count all values (1.61 GB)' }).click();
  await expect(details.getByRole('progressbar')).toBeVisible();
  await expect(details.getByText(/of 1.61 GB, .*left/)).toBeVisible();
  await details.getByRole('button', { name: 'Cancel' }).click();
  await expect(details.getByRole('button', { name: /Count all values/ })).toBeVisible();
});

test('a sample of headers alone says why it shows no values', async ({ page }) => {
  await page.goto('/?sample=qwen3-235b-a22b&view=tensors&tensor=lm_head.weight');
  await expect(page.getByRole('complementary', { name: 'Tensor' }).getByRole('alert')).toContainText(
    'only its headers',
  );
});

test('axe finds nothing in table, tree, filters and details', async ({ page, hub }) => {
  test.slow();
  await visit(page, hub, { ...TINY, 'in-experts': '3', tensor: 'lm_head.weight' });
  await expect(page.getByRole('complementary', { name: 'Tensor' })).toContainText('lm_head.weight');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('radio', { name: 'Tree' }).click();
  await expect(page.getByRole('treeitem').first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page
    .locator('.filter-bar')
    .getByRole('button', { name: /^Expert/ })
    .click();
  await expect(page.getByRole('option').first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('finds routers by their role, and leads to Convert, the map and ranks and back', async ({ page }) => {
  await page.goto('./?sample=qwen3-235b-a22b&view=tensors');
  await page.getByRole('searchbox', { name: 'Search tensors' }).fill('router layer 5');
  await expect(page.getByText('1 tensor,')).toBeVisible();
  await expect(page.getByText('“router” also finds tensors by their role: router or router bias.')).toBeVisible();
  await expect(page.getByRole('row', { name: /model\.layers\.5\.mlp\.gate\.weight router BF16/ })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search tensors' }).fill('');
  await page.locator('.filter-bar').getByRole('button', { name: /^Role/ }).press('Enter');
  await page.getByRole('combobox', { name: /Find a role/ }).fill('router');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(page.getByText('94 tensors,')).toBeVisible();
  await expect(page).toHaveURL(/role=router/);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Remove filter role router' })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search tensors' }).fill('layer 7');
  await expect(page.getByText('1 tensor,')).toBeVisible();
  await page.getByRole('button', { name: 'Select these layers in Convert' }).click();
  await expect(page).toHaveURL(/view=convert.*[?&]layers=7(&|$)/);

  await moveTo(page, { sample: 'qwen3-235b-a22b', layer: '47', expert: '99' });
  await page.getByRole('button', { name: 'List its tensors' }).click();
  await expect(page.getByText('3 tensors,').first()).toBeVisible();
  await expect(page.getByRole('row', { name: /layers\.47\.mlp\.experts\.99\.down_proj\.weight down/ })).toBeVisible();
  await page.getByRole('button', { name: 'Open at rank' }).click();
  await expect(page).toHaveURL(/view=ranks&layer=47&expert=99/);
  await page.goBack();
  await page.getByRole('button', { name: 'Show in map' }).click();
  await expect(page.getByRole('region', { name: 'Pinned expert' })).toContainText('expert 99');
});

for (const listing of ['table', 'tree']) {
  test(`is a list without sideways scrolling on a phone, as a ${listing}`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`./?sample=qwen3-235b-a22b&view=tensors&sort=-bytes&as=${listing}`);
    await expect(page.getByText(/^lm_head\.weight$/).first()).toBeVisible();
    const overflow = await page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('.tensors-view, .tensors-view *')]
        .filter((element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) || !element.parentElement)
        .filter((element) => element.scrollWidth > element.clientWidth)
        .map((element) => element.className),
    );
    expect(overflow).toEqual([]);
    await expect(page.getByText('1.24 GB').first()).toBeVisible();
  });
}
