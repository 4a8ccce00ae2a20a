import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Locator, type Page } from '@playwright/test';
import { preview } from 'vite';
import { findBrowser } from '../../e2e/support/browser.ts';
import type { ConversionReport } from '../../src/core/convert/report.ts';
import { type Cost, settleDisk, treeOf, watchTree } from './measure.ts';
import { type Conversion, phasesOf } from './node.ts';

/** Through a Hub's quota, too. */
const OPENING_MS = 600_000;
const CONVERTING_MS = 1_800_000;

/** The built app, served. */
export async function serveApp(): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  return { url: server.resolvedUrls?.local[0] ?? '', close: () => server.close() };
}

/** A browser with a profile on disk, so that its storage is on disk too. */
export async function withBrowser<T>(folder: string, use: (page: Page, pid: number) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(folder, 'profile-'));
  const { executablePath, args } = findBrowser(chromium.executablePath(), true);
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...args],
    headless: true,
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('dialog', (dialog) => void dialog.accept());
    return await use(page, browserPid(profile));
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
    settleDisk();
  }
}

/** The browser's own process among those that this one started. */
function browserPid(profile: string): number {
  const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const found = treeOf(process.pid).find((pid) => {
    const words = commandOf(pid);
    return words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith('--type='));
  });
  if (found === undefined) throw new Error('no browser process');
  return found;
}

/** Chooses the folder, converts into browser storage, and takes the time from the click to the proof. */
export function convertInChromium(folder: string, url: string, source: string, target: string): Promise<Conversion> {
  return withBrowser(folder, async (page, pid) => {
    await page.goto(url);
    await page.getByLabel('Choose folder').setInputFiles(source);
    await page.getByText(/No problem found/).waitFor({ timeout: OPENING_MS });
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert' }).click();
    await page.getByRole('radio', { name: new RegExp(`^${target} `) }).check();
    const { cost, report } = await convertToProof(page, pid);
    return { ...cost, phases: phasesOf(report) };
  });
}

/** Starts the conversion that the page shows, as soon as it can be, and watches the browser until the report is there. */
export async function convertToProof(
  page: Page,
  pid: number,
): Promise<{ readonly cost: Cost; readonly report: ConversionReport }> {
  const start = page.getByRole('button', { name: 'Start conversion' });
  await start.click({ trial: true, timeout: OPENING_MS });
  // Three points: a question comes first, how many bytes may be read. Nothing is read before it is answered.
  const asks = (await start.innerText()).includes('…');
  if (asks) await start.click();
  const go = asks ? page.getByRole('button', { name: /^(Read|Download) [\d.,]+ [kMGT]?B$/ }) : start;
  await go.click({ trial: true });
  const watch = watchTree(pid);
  await go.click();
  const stopped = page.getByText(/^The conversion stopped/);
  await proofOn(page).or(stopped).first().waitFor({ timeout: CONVERTING_MS });
  if (await stopped.isVisible()) throw new Error(await page.locator('.convert-main .panel').first().innerText());
  return { cost: watch.end(), report: await storedReport(page) };
}

/** The line of a report that says so. */
export function proofOn(page: Page): Locator {
  return page.getByRole('region', { name: 'Report' }).getByText(/all equal/);
}

/** The only report in the browser storage. */
function storedReport(page: Page): Promise<ConversionReport> {
  return page.evaluate(async () => {
    const home = await (await navigator.storage.getDirectory()).getDirectoryHandle('moe-loom');
    for await (const job of (home as unknown as { values(): AsyncIterable<FileSystemDirectoryHandle> }).values()) {
      const file = await (await job.getFileHandle('moe-loom-report.json')).getFile();
      return JSON.parse(await file.text());
    }
    throw new Error('no report is stored');
  });
}
