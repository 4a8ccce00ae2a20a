import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { filesOfModel, wholeModel } from '../src/cli/damages/model.fixture.ts';
import { ABSENT_DAMAGES } from '../src/cli/damages/of-parts.fixture.ts';
import { dropPaths, expect, parametersOf, paste, pastTheEdge, test, visit } from './support/app.ts';
import { pointerText } from './support/hub/repo.ts';

const WHOLE = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));
const SHARDS = [1, 2, 3].map((number) => `model-0000${number}-of-00003.safetensors`);
const SECOND = 'model-00002-of-00003.safetensors';

const KEY = 'model.layers.1.self_attn.k_proj.weight';

const made: string[] = [];
test.afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

/** A copy of a whole model, changed. */
function damaged(change: (folder: string) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-damaged-'));
  made.push(folder);
  cpSync(WHOLE, folder, { recursive: true });
  change(folder);
  return folder;
}

/** A small model of which nobody holds one tensor. */
function lackingKey(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-lacking-'));
  made.push(folder);
  const model = wholeModel();
  ABSENT_DAMAGES.find(({ name }) => name === 'no k_proj in one layer')?.model?.(model);
  for (const [file, bytes] of filesOfModel(model)) writeFileSync(join(folder, file), bytes);
  return folder;
}

const findings = (page: Page) => page.getByRole('region', { name: 'Findings' });

/** Opens a folder from the start page, and waits until all of it is read. */
async function choose(page: Page, folder: string): Promise<void> {
  await page.getByLabel('Choose folder').setInputFiles(folder);
  await expect(findings(page)).not.toContainText('Headers are still being read');
}

test('the address of one file opens that file, and the address of the page keeps it', async ({ page, hub }) => {
  await visit(page, hub);
  await paste(page, `${hub.url}/preset/orphan-shard/blob/main/model-extra.safetensors`);
  for (const _ of ['pasted', 'loaded again']) {
    await expect(page.locator('.totals')).toHaveText(/^1 tensor1 shard16 B/);
    await expect.poll(() => parametersOf(page).get('path')).toBe('model-extra.safetensors');
    expect(parametersOf(page).get('repo')).toBe('preset/orphan-shard');
    await page.reload();
  }
  expect(await pastTheEdge(page)).toEqual([]);
});

test('what did not come along is named, with the way to get it', async ({ page }) => {
  const pointers = damaged((folder) => {
    for (const shard of SHARDS) writeFileSync(join(folder, shard), pointerText('a'.repeat(64), 123_456));
  });
  const webPage = damaged((folder) =>
    writeFileSync(join(folder, SECOND), '<!doctype html><html><head><title>Sign in</title></head><body></body></html>'),
  );
  const lacking = lackingKey();
  const missing = damaged((folder) => rmSync(join(folder, SECOND)));

  await test.step('Git LFS pointers', async () => {
    await page.goto('/');
    await dropPaths(page, [pointers]);
    const notice = page.getByRole('alert');
    await expect(notice).toContainText('The weights were not downloaded.');
    await expect(notice).toContainText(`${SHARDS[0]} is a Git LFS pointer to 123 kB`);
    await expect(notice).toContainText('Run "git lfs pull" in the folder');
    expect(await pastTheEdge(page)).toEqual([]);
    await notice.getByRole('button', { name: 'Choose other files' }).click();
  });

  await test.step('a web page instead of a shard', async () => {
    await choose(page, webPage);
    await expect(findings(page)).toContainText(
      `${SECOND} is not a safetensors file: it is a web page (HTML), "Sign in".`,
    );
    await expect(findings(page)).toContainText('Delete it and download the file again.');
    expect(await pastTheEdge(page)).toEqual([]);
    await findings(page).getByRole('button', { name: 'Choose other files' }).click();
  });

  await test.step('one tensor that is not there', async () => {
    await choose(page, lacking);
    await expect(findings(page)).toContainText(`${KEY} is missing; the other layers of this kind have it.`);
    await expect(findings(page)).toContainText('A program that starts all the same makes up its values');
    expect(await pastTheEdge(page)).toEqual([]);
    await findings(page).getByRole('button', { name: 'Choose other files' }).click();
  });

  await test.step('a shard that is not there', async () => {
    await choose(page, missing);
    await expect(findings(page)).toContainText(`The shard ${SECOND} is missing; it held layers 0–2, 40 tensors.`);
    await expect(findings(page)).toContainText('Get the missing files with "hf download"');
    expect(await pastTheEdge(page)).toEqual([]);
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Start conversion' })).toBeDisabled();
  });
});
