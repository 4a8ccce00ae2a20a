import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, parametersOf, register, test, violations, visit } from './support/app.ts';
import { presetRepos } from './support/hub/presets.ts';
import { startHub } from './support/hub/server.ts';

const GATED = 'preset/gated-manual';
const PRIVATE = 'preset/private';
const TOKEN = 'hf_member';
const OWNER = 'hf_owner';

/** Everything that pages of this origin have stored, as one text. */
function stored(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const found: string[] = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
    const walk = async (folder: FileSystemDirectoryHandle) => {
      for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
        found.push(name);
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle);
        else found.push(await (await (handle as FileSystemFileHandle).getFile()).text());
      }
    };
    await walk(await navigator.storage.getDirectory());
    const text = new TextDecoder();
    const shown = (_: string, value: unknown) => (value instanceof Uint8Array ? text.decode(value) : value);
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      for (const store of database.objectStoreNames) {
        const entries = await new Promise<unknown[]>((resolve, reject) => {
          const all: unknown[] = [];
          const walking = database.transaction(store).objectStore(store).openCursor();
          walking.onerror = () => reject(walking.error);
          walking.onsuccess = () => {
            const cursor = walking.result;
            if (!cursor) return resolve(all);
            all.push(cursor.key, cursor.value);
            cursor.continue();
          };
        });
        found.push(name, store, JSON.stringify(entries, shown));
      }
      database.close();
    }
    return found.join('\n');
  });
}

/** All that a page shows, holds in its document, or says in its address. */
async function told(page: Page): Promise<string> {
  return `${page.url()}\n${await page.content()}`;
}

/** What the page writes into the console, from now on. */
function consoleOf(page: Page): string[] {
  const lines: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  return lines;
}

async function giveToken(page: Page, token: string, keep = false): Promise<void> {
  await page.getByRole('button', { name: 'Sign in or enter a token' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Access' });
  await dialog.getByLabel('Access token').fill(token);
  if (keep) await dialog.getByLabel('Keep on this device').check();
  expect(await told(page)).not.toContain(token);
  await dialog.getByRole('button', { name: 'Use token' }).click();
}

test('a token opens a gated repo, goes to its Hub alone, and is nowhere to be found', async ({ page, hub }) => {
  const lines = consoleOf(page);
  await visit(page, hub, { repo: GATED });
  await expect(page.getByRole('alert')).toContainText('is gated');
  await expect(page.getByRole('link', { name: 'Open model page' })).toHaveAttribute('href', `${hub.url}/${GATED}`);
  expect(hub.journal.some((entry) => entry.hasAuthorization)).toBe(false);
  await giveToken(page, TOKEN);
  await expect(page.getByText(/No problem found/)).toBeVisible();
  const signedIn = hub.journal.filter((entry) => entry.hasAuthorization);
  expect(signedIn.length).toBeGreaterThan(0);
  expect(signedIn.filter((entry) => entry.origin !== 'hub')).toEqual([]);

  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert', exact: true }).click();
  await page.getByRole('radio', { name: /^gate-up / }).check();
  await page.getByRole('button', { name: 'Start conversion' }).click();
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    report.getByRole('button', { name: /^Download report/ }).click(),
  ]);
  expect(readFileSync(await download.path(), 'utf8')).not.toContain(TOKEN);
  expect(await stored(page)).not.toContain(TOKEN);
  expect(await told(page)).not.toContain(TOKEN);
  expect(lines.join('\n')).not.toContain(TOKEN);

  hub.clearJournal();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Access', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Start conversion' })).toBeEnabled();
  expect(hub.journal.some((entry) => entry.hasAuthorization)).toBe(false);
});

test('a token is kept where that is ticked, and forgotten with a button', async ({ page, hub }) => {
  await visit(page, hub, { repo: PRIVATE });
  await giveToken(page, OWNER, true);
  await expect(page.getByText(/No problem found/)).toBeVisible();
  expect(await stored(page)).toContain(OWNER);
  await page.reload();
  await expect(page.getByText(/No problem found/)).toBeVisible();
  await page.getByRole('button', { name: /^Access/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Access' });
  await expect(dialog.getByLabel('Keep on this device')).toBeChecked();
  await dialog.getByLabel('Keep on this device').uncheck();
  expect(await stored(page)).not.toContain(OWNER);
  await dialog.getByLabel('Keep on this device').check();
  expect(await stored(page)).toContain(OWNER);
  await dialog.getByRole('button', { name: 'Forget token' }).click();
  expect(await stored(page)).not.toContain(OWNER);
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('There is no public model');
});

test('a token that the Hub does not take is said to be so, and not repeated', async ({ page, hub }) => {
  await visit(page, hub, { repo: PRIVATE });
  await giveToken(page, 'hf_expired');
  await expect(page.getByRole('heading', { name: 'The Hub did not accept the token.' })).toBeVisible();
  expect(await told(page)).not.toContain('hf_expired');
});

test('another Hub that a link names is shown as such, and gets no token of this one', async ({ page, hub }) => {
  const other = await startHub({ repos: presetRepos() });
  await visit(page, hub, { repo: GATED });
  await giveToken(page, TOKEN, true);
  await expect(page.getByText(/No problem found/)).toBeVisible();
  await visit(page, other, { repo: GATED });
  await expect(page.getByRole('alert')).toContainText('is gated');
  expect(other.journal.filter((entry) => entry.hasAuthorization)).toEqual([]);
  await expect(page.getByRole('banner')).toContainText(`not huggingface.co: ${new URL(other.url).host}`);
  await page.getByRole('button', { name: /^Access/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Access' });
  await expect(dialog).toContainText(`${new URL(other.url).host} is not huggingface.co`);
  await expect(dialog.getByLabel('Access token')).toHaveValue('');
  expect(await violations(page)).toEqual([]);
  await other.close();
});

test('a link cannot bring a token', async ({ page, hub }) => {
  await visit(page, hub, { repo: GATED, token: TOKEN, access_token: TOKEN });
  await expect(page.getByRole('alert')).toContainText('is gated');
  expect(hub.journal.some((entry) => entry.hasAuthorization)).toBe(false);
});

test('signing in at the Hub comes back to the same place, with access and nothing left in the address', async ({
  page,
  hub,
}) => {
  await register(page, hub);
  const lines = consoleOf(page);
  await visit(page, hub, { repo: GATED, view: 'tensors' });
  await page.getByRole('button', { name: 'Sign in or enter a token' }).click();
  await page.getByRole('button', { name: 'Sign in at the Hub' }).click();
  await expect(page.getByText('80 tensors')).toBeVisible();
  await expect
    .poll(() => Object.fromEntries(parametersOf(page)))
    .toEqual({ repo: GATED, view: 'tensors', endpoint: hub.url });
  await page.getByRole('button', { name: /^Access: member/ }).click();
  await expect(page.getByRole('dialog', { name: 'Access' })).toContainText('as member');
  expect(await violations(page)).toEqual([]);
  for (const text of [await stored(page), await told(page), lines.join('\n')]) {
    expect(text).not.toContain('hf_oauth_');
    expect(text).not.toContain('codeVerifier');
  }
  expect(hub.journal.filter((entry) => entry.hasAuthorization && entry.origin !== 'hub')).toEqual([]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in at the Hub' })).toBeVisible();
});

test('a sign-in that is declined says so and leads on', async ({ page, hub }) => {
  hub.switches.oauthUser = 'nobody';
  await register(page, hub);
  await visit(page, hub, { repo: GATED });
  await page.getByRole('button', { name: 'Sign in or enter a token' }).click();
  await page.getByRole('button', { name: 'Sign in at the Hub' }).click();
  await expect(page.getByText(/was declined/)).toBeVisible();
  expect([...parametersOf(page).keys()].sort()).toEqual(['endpoint', 'repo']);
  await page.getByRole('button', { name: 'Continue without' }).click();
  await expect(page.getByText(/was declined/)).toBeHidden();
});

test('an answer to a sign-in that nobody began is dropped', async ({ page }) => {
  await page.goto('/?code=stolen&state=%7B%22nonce%22%3A%22x%22%7D');
  await expect(page.getByText(/did not ask for, so it was dropped/)).toBeVisible();
  expect(new URL(page.url()).search).toBe('');
});
