import type { Page } from '@playwright/test';
import { expect, test, visit } from './support/app.ts';

/** What is saved by a button, as text. */
async function saved(page: Page, name: string): Promise<{ readonly file: string; readonly bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
  const parts: Buffer[] = await (await download.createReadStream()).toArray();
  return { file: download.suggestedFilename(), bytes: Buffer.concat(parts) };
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

test('map, placement and bars are saved as SVG and PNG, with where they are from and what was found', async ({
  page,
  hub,
}) => {
  const chosen = { repo: 'tiny/qwen3-moe', layer: '0', expert: '5' };
  await visit(page, hub, chosen);
  await expect(page.getByText('No problem found: headers, index and config agree.')).toBeVisible();
  const map = await saved(page, 'Save as SVG: the map');
  expect(map.file).toMatch(/^tiny-qwen3-moe-.*-map-\w+\.svg$/);
  for (const text of [
    'tiny/qwen3-moe@',
    'No problem found',
    'per-expert · projections',
    'The frame marks layer 0, expert 5.',
  ])
    expect(map.bytes.toString()).toContain(text);
  expect((await saved(page, 'Save as PNG: the map')).bytes.subarray(0, 4)).toEqual(PNG);

  await visit(page, hub, { ...chosen, view: 'ranks', framework: 'vllm', ep: '4' });
  const placement = await saved(page, 'Save as SVG: the placement');
  expect(placement.file).toMatch(/^tiny-qwen3-moe-.*-ranks-vllm-ep-4\.svg$/);
  for (const text of ['tiny/qwen3-moe@', 'rank 3', 'EP 4', 'Framed: layer 0, expert 5, held by rank'])
    expect(placement.bytes.toString()).toContain(text);
  expect((await saved(page, 'Save as PNG: the placement')).bytes.subarray(0, 4)).toEqual(PNG);

  await visit(page, hub, { ...chosen, view: 'ranks', memory: 'fsdp2,gpus:8,ep:4' });
  const bars = await saved(page, 'Save as SVG: the bars');
  for (const text of ['tiny/qwen3-moe@', 'fits:', 'Memory of one GPU: fsdp2', 'weights'])
    expect(bars.bytes.toString()).toContain(text);
  expect((await saved(page, 'Save as PNG: the bars')).bytes.subarray(0, 4)).toEqual(PNG);
});
