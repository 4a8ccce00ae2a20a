import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { detectLayout, formatBytes, openCheckpoint, type RankManifestJson, ranksOf } from '../src/core/index.ts';
import { openLocal } from '../src/core/source/folder.node.ts';
import { dropPaths, expect, parametersOf, test, violations, visit } from './support/app.ts';

const HUB = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));
const TINY = { repo: 'tiny/qwen3-moe', view: 'ranks' };
const REFUSED = 'Cannot evenly shard 12 experts across 5 expert-parallel ranks.';

const ranks = (page: Page) => page.getByRole('listbox', { name: 'Ranks' });

async function predicted(ep: number) {
  const checkpoint = await openCheckpoint(await openLocal(HUB));
  return ranksOf(checkpoint, detectLayout(checkpoint), { framework: 'transformers-5', ep });
}

test('EP 4 gives each rank three experts, with the bytes that the core counts', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe' });
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Ranks' }).click();
  await page.getByRole('button', { name: 'EP 4' }).click();
  await expect(page.getByText('4 ranks, 3 of 12 experts each')).toBeVisible();
  const { ranks: entries } = await predicted(4);
  for (const { rank, experts, bytes } of entries) {
    const [[start, end] = [0, 0]] = experts;
    const text = `experts ${start}–${end - 1}, ${bytes.toLocaleString('en-US')} bytes`;
    await expect(ranks(page).getByRole('option', { name: new RegExp(`^Rank ${rank},.*${text}`) })).toBeVisible();
  }
  await expect.poll(() => parametersOf(page).get('ep')).toBe('4');
});

test('a size that is refused shows the framework’s own words, and what works', async ({ page, hub }) => {
  await visit(page, hub, TINY);
  await page.getByRole('textbox', { name: 'EP', exact: true }).fill('5');
  const refused = page.getByRole('alert', { name: 'Refused' });
  await expect(refused).toContainText(REFUSED);
  await expect(refused).toContainText('these EP sizes work: 1, 2, 3, 4, 6, 12.');
  await refused.getByRole('button', { name: 'Use EP 6' }).click();
  await expect(page.getByText('6 ranks, 2 of 12 experts each')).toBeVisible();
});

test('an address restores the placement, and nonsense in it is left out', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, framework: 'vllm', ep: '5', dp: '5', pp: '<b>', placement: 'x y' });
  await expect(page.getByRole('combobox', { name: 'Framework' })).toHaveValue('vllm');
  await expect(page.getByText('5 ranks, 2–3 of 12 experts each')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Mesh' })).toContainText('pcp');
  await expect(page.getByRole('region', { name: 'Warnings' })).toContainText('3 redundant experts');
  await expect(page.getByRole('textbox', { name: 'PP', exact: true })).toHaveValue('');
});

test('options by a program’s own names move experts, and stand in the address', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, framework: 'sglang', tp: '4', ep: '1' });
  await page.getByText('Options of SGLang').click();
  await page.getByRole('textbox', { name: 'moe_dp_size' }).fill('2');
  await expect(page.getByRole('region', { name: 'Mesh' })).toContainText('moe_dp');
  await expect.poll(() => parametersOf(page).get('set')).toBe('moe_dp_size=2');
  await page.getByRole('combobox', { name: 'All-to-all' }).selectOption('flashinfer');
  await expect(page.getByRole('alert', { name: 'Refused' })).toContainText(
    'ep_size * moe_dp_size must be less than or equal to tp_size',
  );
  await page.getByRole('combobox', { name: 'Framework' }).selectOption('transformers-5');
  await expect.poll(() => parametersOf(page).get('set')).toBeNull();
});

test('ranks and cells by keyboard', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, ep: '4' });
  const facts = page.getByRole('region', { name: 'Rank', exact: true });
  await ranks(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(facts.getByRole('heading', { name: /^Rank 2/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(ranks(page).getByRole('option', { selected: true })).toHaveAccessibleName(/^Rank 2,/);
  await expect(facts).toContainText('Only the slices it keeps');
  const grid = page.getByRole('grid', { name: 'Experts by rank' });
  await grid.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('End');
  await expect(grid.getByRole('gridcell')).toContainText('Layer 0, expert 11: rank 3');
  await page.keyboard.press('Enter');
  await expect(facts.getByRole('heading', { name: /^Rank 3/ })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(facts.getByText('Point at a rank or a cell')).toBeVisible();
  await expect(ranks(page).getByRole('option', { selected: true })).toHaveCount(0);
});

test('the table shows the same numbers, rounded, with the exact one on hover', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, ep: '4' });
  await page.getByRole('radio', { name: 'Table' }).click();
  const { ranks: entries } = await predicted(4);
  const row = page.getByRole('table', { name: 'Ranks', exact: true }).getByRole('row').nth(3);
  const bytes = entries[2]?.bytes ?? 0;
  await expect(row.getByTitle(`${bytes.toLocaleString('en-US')} bytes`, { exact: true }).first()).toHaveText(
    formatBytes(bytes),
  );
  await page.getByRole('button', { name: 'Rank 2' }).click();
  await expect(page.getByRole('table', { name: 'Experts by layer' }).getByRole('row').nth(1)).toContainText('6–8');
  const ranges = page.getByRole('table', { name: 'Ranges read' });
  await expect(ranges).toHaveAttribute('aria-rowcount', String((entries[2]?.reads.length ?? 0) + 1));
});

test('the manifest that is downloaded holds the numbers of the core', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, ep: '4' });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download rank manifest' }).click(),
  ]);
  const manifest = JSON.parse(readFileSync(await download.path(), 'utf8')) as RankManifestJson;
  const { ranks: entries } = await predicted(4);
  const read = manifest.ranks.map(({ rank, coords, bytes, reads }) => ({
    rank,
    coords,
    bytes,
    reads: reads.map(({ file, offset, length }) => ({ file: manifest.files[file]?.name, offset, length })),
  }));
  expect(read).toEqual(entries.map(({ rank, coords, bytes, reads }) => ({ rank, coords, bytes, reads })));
  expect(manifest.checkpoint.repo).toBe('tiny/qwen3-moe');
  expect(manifest.checkpoint.index_sha256).toMatch(/^[0-9a-f]{64}$/);
});

test('a target layout, the SGLang file and the assertion script', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, ep: '4', target: 'gate-up' });
  await expect(page.getByRole('combobox', { name: 'Layout' })).toHaveValue('gate-up');
  for (const [name, text] of [
    ['Download SGLang placement file', /physical_to_logical_map/],
    ['Download assertion script', /torchrun/],
  ] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    expect(readFileSync(await download.path(), 'utf8')).toMatch(text);
  }
});

test('sections of the side panel fold, by keyboard, and the address keeps which ones are open', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { ...TINY, ep: '4' });
  const mesh = page.getByRole('region', { name: 'Mesh' });
  await expect(mesh.getByRole('table')).toBeVisible();
  const sign = mesh.getByRole('button', { name: 'Mesh of 4 ranks' });
  await sign.focus();
  await page.keyboard.press('Enter');
  await expect(sign).toHaveAttribute('aria-expanded', 'false');
  await expect(mesh.getByRole('table')).toBeHidden();
  await page.getByRole('button', { name: 'Bytes sent per token and layer' }).click();
  await expect.poll(() => parametersOf(page).get('rank-parts')).toBe('warnings.rank.communication.export');
  await page.reload();
  await expect(mesh.getByRole('button')).toHaveAttribute('aria-expanded', 'false');
  await expect(page.getByRole('region', { name: 'Communication' }).getByRole('table')).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('64 ranks of the bundled 235B draw, and a switch leaves the page responsive', async ({ page }) => {
  await page.goto('/?sample=qwen3-235b-a22b&view=ranks&ep=64');
  await expect(page.getByText('64 ranks, 2 of 128 experts each')).toBeVisible();
  await expect(ranks(page).getByRole('option', { name: /^Rank 0,/ })).toBeVisible();
  const painted = await page.locator('.placement canvas').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    const colours = new Set<number>();
    for (let at = 0; at < data.length; at += 4)
      colours.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
    return colours.size;
  });
  expect(painted).toBeGreaterThan(64);
  await page.getByRole('button', { name: 'EP 32' }).click();
  await expect(page.getByText('32 ranks, 4 of 128 experts each')).toBeVisible();
});

test('axe finds nothing in the grid, the table and a refusal', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, ep: '4' });
  await ranks(page).getByRole('option').nth(1).click();
  await expect(page.getByText('Only the slices it keeps')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('radio', { name: 'Table' }).click();
  await expect(page.getByRole('table', { name: 'Ranges read' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('textbox', { name: 'EP', exact: true }).fill('5');
  await expect(page.getByText(REFUSED)).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test('every key of the address is restored', async ({ page, hub }) => {
  await visit(page, hub, {
    ...{ ...TINY, framework: 'megatron-core', ep: '2', tp: '2', pp: '1', cp: '2', dp: '1', etp: '1' },
  });
  const values = { EP: '2', TP: '2', PP: '1', CP: '2', DP: '1', ETP: '1' };
  for (const [name, value] of Object.entries(values))
    await expect(page.getByRole('textbox', { name, exact: true })).toHaveValue(value);
  await expect(page.getByText('4 ranks, 6 of 12 experts each')).toBeVisible();
});

test('EPLB places local files by the loads of a CSV file', async ({ page }) => {
  const query = { view: 'ranks', framework: 'eplb', ep: '4', placement: 'global', redundant: '4' };
  await page.goto(`/?${new URLSearchParams({ ...query, nodes: '1', groups: '1' })}`);
  await page.locator('h1').first().waitFor();
  await dropPaths(page, [HUB]);
  const ask = page.getByRole('region', { name: 'File needed' });
  await expect(ask).toContainText('EPLB places experts by the number of tokens that each expert gets');
  await expect(page.getByRole('alert', { name: 'Refused' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'EP 2', exact: true })).not.toHaveClass(/refused/);
  expect(await violations(page)).toEqual([]);
  const loads = Array.from({ length: 12 }, (_, expert) => (expert === 3 ? 900 : 10));
  const csv = { name: 'loads.csv', mimeType: 'text/csv', buffer: Buffer.from(`${loads.join(',')}\n`) };
  const chooser = page.waitForEvent('filechooser');
  await ask.getByRole('button', { name: 'Choose a CSV file with the loads' }).press('Enter');
  await (await chooser).setFiles(csv);
  await expect(page.getByText('Imbalance of tokens')).toBeVisible();
  const checkpoint = await openCheckpoint(await openLocal(HUB));
  const options = { framework: 'eplb', strategy: 'global', ep: 4, redundant: 4, nodes: 1, groups: 1 } as const;
  const { ranks: entries } = ranksOf(checkpoint, detectLayout(checkpoint), { ...options, loads: [loads] });
  for (const { rank, bytes } of entries) {
    const text = `${bytes.toLocaleString('en-US')} bytes`;
    await expect(ranks(page).getByRole('option', { name: new RegExp(`^Rank ${rank},.*${text}`) })).toBeVisible();
  }
});

test('a map of one’s own decides, and one that leaves an expert out is refused by name', async ({ page, hub }) => {
  await visit(page, hub, { ...TINY, framework: 'custom', ep: '2' });
  const give = (map: readonly number[]) =>
    page.getByLabel('Map (JSON)').setInputFiles({
      ...{ name: 'map.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify([map])) },
    });
  await give([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
  await expect(ranks(page).getByRole('option', { name: /experts 1, 3, 5, 7, 9, 11,/ })).toBeVisible();
  await give([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 9]);
  await expect(page.getByRole('alert', { name: 'Refused' })).toContainText('expert 11');
});

test('the legend of bytes stays on one line where the window is narrow', async ({ page, hub }) => {
  await page.setViewportSize({ width: 1024, height: 720 });
  for (const more of [{}, { framework: 'vllm', dp: '4', redundant: '4', placement: 'linear' }]) {
    await visit(page, hub, { ...TINY, ep: '4', ...more });
    await expect(ranks(page).getByRole('option').first()).toBeVisible();
    const items = page.locator('.rank-kinds .legend-item');
    const tops = await items.evaluateAll((all) => all.map((item) => item.getBoundingClientRect().top));
    expect(tops.length).toBeGreaterThan(1);
    expect(new Set(tops).size).toBe(1);
    const heads = page.locator('.rank-list-head > :not(.rank-kinds)');
    const row = await heads.evaluateAll((all) => all.map((head) => head.getBoundingClientRect()));
    for (const [at, head] of row.slice(1).entries()) expect(head.left).toBeGreaterThanOrEqual(row[at]?.right ?? 0);
  }
});
