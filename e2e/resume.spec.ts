import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { fp8Entries } from '../src/core/plan/unpack.fixture.ts';
import { hubFolder } from '../src/core/testing.fixture.ts';
import { dropPaths, expect, parametersOf, storedFiles, test, violations, visit } from './support/app.ts';
import type { HubServer } from './support/hub/server.ts';

const CONVERT = { repo: 'tiny/mixtral', view: 'convert', target: 'stacked' };

/** Opens the Convert view of a repo whose tensor bytes come slowly, in small shards. */
async function slowly(page: Page, hub: HubServer, bps = 60_000): Promise<void> {
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: 'slow', bps } });
  await visit(page, hub, CONVERT);
  await page.getByRole('textbox', { name: /^Largest shard/ }).fill('30 KB');
}

const start = (page: Page) => page.getByRole('button', { name: 'Start conversion' }).click();
const job = (page: Page) => page.getByRole('region', { name: 'Conversion', exact: true });
const unfinished = (page: Page) => page.getByRole('region', { name: 'Unfinished conversions' });

/** Waits until some shards are finished, and not all. */
async function someDone(page: Page): Promise<void> {
  await expect(job(page).getByText(/^[2-9] of \d+$/)).toBeVisible({ timeout: 30_000 });
}

/** SHA-256 of every downloadable file but the report. */
async function sums(page: Page): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const link of await page
    .getByRole('region', { name: 'Report' })
    .getByRole('link', { name: /^Download / })
    .all()) {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const name = download.suggestedFilename();
    if (name === 'moe-loom-report.json') continue;
    found[name] = createHash('sha256')
      .update(readFileSync(await download.path()))
      .digest('hex');
  }
  return found;
}

/** SHA-256 of every stored file but the report, job by job. */
function storedSums(page: Page): Promise<Record<string, string>[]> {
  return page.evaluate(async () => {
    const hex = (bytes: ArrayBuffer) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16)).join(' ');
    const home = await (await navigator.storage.getDirectory()).getDirectoryHandle('moe-loom');
    const jobs: Record<string, string>[] = [];
    for await (const folder of (home as unknown as { values(): AsyncIterable<FileSystemDirectoryHandle> }).values()) {
      const sums: Record<string, string> = {};
      for await (const file of (folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }).values()) {
        if (file.name === 'moe-loom-report.json') continue;
        sums[file.name] = hex(await crypto.subtle.digest('SHA-256', await (await file.getFile()).arrayBuffer()));
      }
      jobs.push(sums);
    }
    return jobs;
  });
}

test('a reload in the middle loses at most the shards in hand: go on, and it is proven', async ({ page, hub }) => {
  page.on('dialog', (dialog) => void dialog.accept());
  await slowly(page, hub);
  await start(page);
  await someDone(page);
  await page.reload();
  hub.faults.clear();
  await expect(unfinished(page)).toContainText(/[2-9] of \d+ shards finished/);
  expect(await violations(page)).toEqual([]);
  await unfinished(page).getByRole('button', { name: 'Resume' }).press('Enter');
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  await expect(report).toContainText(/[2-9] shards of an earlier, unfinished run: read back/);
  await expect(unfinished(page)).toHaveCount(0);
  await expect.poll(() => parametersOf(page).get('max-shard')).toBe('30 KB');
  await page.getByRole('button', { name: 'Close report' }).click();
  await page.getByRole('textbox', { name: /^Largest shard/ }).fill('30 KB');
  await start(page);
  await expect(report).toContainText('all equal');
  const [resumed, straight] = await storedSums(page);
  expect(Object.keys(resumed ?? {}).length).toBeGreaterThan(10);
  expect(straight).toEqual(resumed);
});

test('another tab is told, and a cancel frees the space', async ({ page, hub, context }) => {
  page.on('dialog', (dialog) => void dialog.accept());
  await slowly(page, hub, 30_000);
  await start(page);
  await someDone(page);
  const other = await context.newPage();
  await visit(other, hub, CONVERT);
  await expect(unfinished(other)).toContainText('Another tab is writing it');
  await expect(unfinished(other).getByRole('button')).toHaveCount(0);
  // One that learnt of it while nobody was at it is told when it asks.
  await page.reload();
  await other.reload();
  await expect(unfinished(other).getByRole('button', { name: 'Resume' })).toBeVisible();
  await unfinished(page).getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
  await unfinished(other).getByRole('button', { name: 'Resume' }).click();
  await expect(other.getByText('Another tab is writing this conversion.', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Nothing was left behind', { exact: false })).toBeVisible();
  expect(await storedFiles(page)).toEqual([]);
  await expect(unfinished(page)).toHaveCount(0);
});

test('a full disk ends it with finished shards kept, and room lets it go on', async ({ page, hub }) => {
  const client = await page.context().newCDPSession(page);
  await slowly(page, hub, 200_000);
  const origin = new URL(page.url()).origin;
  const used = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  await client.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: used + 160_000 });
  await start(page);
  await expect(job(page)).toContainText('The browser storage is full');
  await expect(job(page)).toContainText(/\d+ of \d+ shards (is|are) finished and kept/);
  const kept = (await storedFiles(page)).filter((name) => name.endsWith('.safetensors'));
  expect(kept.length).toBeGreaterThan(0);
  await client.send('Storage.overrideQuotaForOrigin', { origin });
  hub.faults.clear();
  await unfinished(page).getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByRole('region', { name: 'Report' })).toContainText('all equal');
});

for (const [what, error, said] of [
  ['a permission that is withdrawn', 'NotAllowedError', /The browser no longer lets this page write/],
  ['a folder that goes away', 'NotFoundError', /The folder that .* was being written to is gone/],
] as const) {
  test(`${what} in the middle is said, and the finished shards stay (browser storage standing in for a picked folder)`, async ({
    page,
    hub,
  }) => {
    await page.addInitScript(() => {
      (window as unknown as { showDirectoryPicker: unknown }).showDirectoryPicker = async () =>
        (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true });
    });
    await slowly(page, hub);
    await page.getByRole('radio', { name: /^A folder I pick/ }).check();
    await page.getByRole('button', { name: 'Pick a folder' }).click();
    await start(page);
    await someDone(page);
    const worker = page.workers().find((each) => /convert/.test(each.url()));
    await worker?.evaluate((name) => {
      FileSystemFileHandle.prototype.createWritable = async () => {
        throw new DOMException('Not any more.', name);
      };
    }, error);
    await expect(job(page).getByRole('alert')).toContainText(said, { timeout: 30_000 });
    await expect(job(page).getByRole('alert')).toContainText(/\d+ of \d+ shards (is|are) finished and kept/);
    await expect(job(page).getByRole('button', { name: 'Use the browser storage' })).toBeVisible();
    const files = await storedFiles(page);
    expect(files.length).toBeGreaterThan(0);
    expect(files.every((name) => /^picked\/model-\d+-of-\d+\.safetensors$/.test(name))).toBe(true);
    hub.faults.clear();
    await unfinished(page).getByRole('button', { name: 'Resume' }).click();
    await expect(page.getByRole('region', { name: 'Report' })).toContainText('all equal');
  });
}

/** A folder of FP8 experts whose matrices are large enough for `auto` to measure. */
function quantisedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'engines-'));
  for (const [name, content] of Object.entries(fp8Entries(256, 512, 'e4m3', 128).packed))
    writeFileSync(join(folder, name), content);
  return folder;
}

for (const { source, folder, unpack, measured } of [
  {
    source: 'small tensors',
    folder: () => hubFolder('qwen3_moe'),
    unpack: false,
    measured: /Too little work to measure/,
  },
  {
    source: 'unpacked FP8',
    folder: quantisedFolder,
    unpack: true,
    measured:
      /unpack FP8 e4m3 to BF16, transposed.* on the CPU\. The CPU has to compute these numbers in any case, to prove those of a device: [\d.]+ GB\/s/,
  },
]) {
  test(`cpu, webgpu and auto write the same files of ${source}, and the report says what ran where`, async ({
    page,
  }) => {
    await page.goto('/');
    await dropPaths(page, [folder()]);
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert', exact: true }).click();
    await page.getByRole('radio', { name: /^gate-up-transposed / }).check();
    if (unpack) await page.getByRole('radio', { name: 'Unpack to bf16' }).check();
    await page.getByText('Engine, memory, hashes').click();
    const outputs = [];
    for (const [name, said] of [
      ['CPU', /on the CPU\. The CPU was chosen/],
      ['WebGPU', /on WebGPU\. WebGPU was chosen: CPU [\d.]+ GB\/s/],
      ['auto', measured],
    ] as const) {
      await page.getByRole('radio', { name, exact: true }).click();
      await start(page);
      const report = page.getByRole('region', { name: 'Report' });
      await expect(report).toContainText('all equal');
      await expect(report).toContainText(said);
      outputs.push(await sums(page));
      await page.getByRole('button', { name: 'Close report' }).click();
    }
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
  });
}
