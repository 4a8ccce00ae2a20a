import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { writeHostile } from './support/hostile.ts';
import { rendererPid, residentBytes, watchMost } from './support/resident.ts';

/** Promise: what a header says beside its tensors takes no memory in the tab. */
const BYTES = 30e6;
/** The bound of 100 MB, 400 MB over idle, in proportion; built, these values would take eight times their bytes and more. */
const MOST = 4 * BYTES;

test('the tab does not build values that it does not know', async ({ page, browser }) => {
  const base = mkdtempSync(join(tmpdir(), 'moe-loom-headers-'));
  try {
    const folder = writeHostile(base, 'values', BYTES);
    await page.goto('/');
    await expect(page.getByLabel('Choose folder')).toBeAttached();
    const pid = await rendererPid(browser);
    const idle = residentBytes(pid);
    const stop = watchMost(() => residentBytes(pid));
    await page.getByLabel('Choose folder').setInputFiles(folder);
    await page.locator('.totals').first().waitFor();
    expect(stop() - idle).toBeLessThan(MOST);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});
