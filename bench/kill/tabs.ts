import type { Page } from '@playwright/test';
import { REPORT_FILE } from '../../src/core/plan/side-files.ts';
import { proofOn, serveApp, withBrowser } from '../convert/chromium.ts';
import { MAX_SHARD } from './common.ts';

export interface TabKills {
  readonly source: string;
  /** SHA-256 of each file of a conversion that nothing interrupted. */
  readonly wanted: ReadonlyMap<string, string>;
  readonly random: () => number;
  readonly kills: number;
}

const unfinishedOn = (page: Page) => page.getByRole('region', { name: 'Unfinished conversions' });

/** Opens the source in a new tab, and starts its conversion, or continues with the one that a tab before left. */
async function begin(page: Page, url: string, source: string, going: boolean): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Choose folder').setInputFiles(source);
  await page.getByText(/No problem found/).waitFor();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert' }).click();
  if (going) return unfinishedOn(page).getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('radio', { name: /^stacked / }).check();
  await page.getByRole('textbox', { name: /^Largest shard/ }).fill(MAX_SHARD);
  await page.getByRole('button', { name: 'Start conversion' }).click();
}

interface Stored {
  readonly job: string;
  readonly name: string;
  readonly sha256: string;
}

/** Every stored file under a final name, and whether the browser knows of an unfinished conversion. */
function stored(page: Page): Promise<Stored[]> {
  return page.evaluate(async () => {
    type Folder = { entries(): AsyncIterable<[string, FileSystemHandle]> };
    const found: Stored[] = [];
    const root = await navigator.storage.getDirectory();
    const home = await root.getDirectoryHandle('moe-loom').catch(() => null);
    if (!home) return found;
    for await (const [job, folder] of (home as unknown as Folder).entries()) {
      for await (const [name, handle] of (folder as unknown as Folder).entries()) {
        if (name.startsWith('.')) continue;
        const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        found.push({ job, name, sha256: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') });
      }
    }
    return found;
  });
}

/**
 * Closes the tab that converts at random moments and goes on in another, as {@link TabKills.kills} says; a finished
 * conversion is compared with the wanted one and removed.
 */
export async function killTabs(folder: string, { source, wanted, random, kills }: TabKills) {
  const app = await serveApp();
  const found = { kills: 0, tooLate: 0, conversions: 0, half: 0, differing: 0, goneOn: 0 };
  try {
    await withBrowser(folder, async (first) => {
      const context = first.context();
      const straight = await timed(first, app.url, source);
      await clear(first, app.url);
      while (found.kills < kills || found.tooLate === 0) {
        found.conversions++;
        let going = false;
        for (let ended = false; !ended; ) {
          const page = await context.newPage();
          page.on('dialog', (dialog) => void dialog.accept());
          await begin(page, app.url, source, going);
          if (going) found.goneOn++;
          const last = found.kills >= kills;
          const patience = last ? 120_000 : random() * straight;
          ended = await proofOn(page)
            .waitFor({ timeout: Math.max(1, patience) })
            .then(
              () => true,
              () => false,
            );
          if (ended) found.tooLate++;
          else found.kills++;
          await page.close({ runBeforeUnload: false });
          await first.goto(app.url);
          const files = await stored(first);
          found.half += files.filter(({ name, sha256 }) => name !== REPORT_FILE && wanted.get(name) !== sha256).length;
          await first.goto(`${app.url}?view=convert`);
          going = !ended && (await hasUnfinished(first));
          if (ended && !holdsAll(files, wanted)) found.differing++;
        }
        await clear(first, app.url);
      }
    });
    return found;
  } finally {
    await app.close();
  }
}

/** True when one of the jobs is the wanted conversion; a tab may also die between the end and the report on screen. */
function holdsAll(files: readonly Stored[], wanted: ReadonlyMap<string, string>): boolean {
  return files.some(({ job }) => {
    const same = files.filter((file) => file.job === job && wanted.get(file.name) === file.sha256);
    return same.length === wanted.size;
  });
}

/** Milliseconds of a conversion that nothing interrupts. */
async function timed(page: Page, url: string, source: string): Promise<number> {
  await begin(page, url, source, false);
  const start = performance.now();
  await proofOn(page).waitFor({ timeout: 120_000 });
  return performance.now() - start;
}

/** Whether a journal was left: the page shows one only beside an open source, so the database is asked. */
function hasUnfinished(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const name = 'moe-loom-journals';
    // Opening it would make it, empty, before the app can.
    if (!(await indexedDB.databases()).some((database) => database.name === name)) return false;
    return new Promise<boolean>((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const counting = opening.result.transaction('jobs').objectStore('jobs').count();
        counting.onerror = () => reject(counting.error);
        counting.onsuccess = () => {
          opening.result.close();
          resolve(counting.result > 0);
        };
      };
    });
  });
}

/** An empty store for the next conversion. */
async function clear(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.evaluate(async () => {
    await (await navigator.storage.getDirectory()).removeEntry('moe-loom', { recursive: true }).catch(() => undefined);
  });
}
