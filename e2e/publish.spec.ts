import { createHash } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, pastTheEdge, register, test, violations, visit } from './support/app.ts';
import type { HubServer } from './support/hub/server.ts';

const TOKEN = 'hf_owner';

/** Converts a small model of the Hub in the browser storage, and gives its report. */
async function convert(page: Page, hub: HubServer) {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' });
  await page.getByRole('button', { name: 'Start conversion' }).click();
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  return report;
}

async function giveToken(page: Page, token: string): Promise<void> {
  await page.locator('[data-access]').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Access token').fill(token);
  await dialog.getByRole('button', { name: 'Use token' }).click();
  await page.keyboard.press('Escape');
}

test('a result is published from the page as one commit, after a stop too, and the token is nowhere', async ({
  page,
  hub,
}) => {
  const repo = `owner/from-page-${Date.now()}`;
  const report = await convert(page, hub);
  await report.getByRole('button', { name: 'Publish to the Hub…' }).click();
  const form = report.getByRole('form', { name: 'Publish to the Hub' });
  await form.getByRole('button', { name: 'Cancel' }).click();
  await expect(form).toHaveCount(0);
  await report.getByRole('button', { name: 'Publish to the Hub…' }).click();
  await expect(form).toContainText('you need write access to the Hub.');
  await expect(form).toContainText('Enter a token with write access.');
  await expect(form.getByRole('button', { name: 'Publish', exact: true })).toHaveCount(0);
  await form.getByText('Upload from a terminal instead').click();
  await form.getByRole('textbox', { name: 'Repository' }).fill(repo);
  await expect(form).toContainText(`hf upload-large-folder ${repo} ./`);
  expect(await violations(page)).toEqual([]);
  expect(await pastTheEdge(page)).toEqual([]);
  await form.getByRole('button', { name: 'Enter a token' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await giveToken(page, TOKEN);
  await form.getByRole('textbox', { name: 'Repository' }).fill('no name');
  await expect(form).toContainText('Write your user name or organisation');
  await expect(form.getByRole('button', { name: 'Publish', exact: true })).toBeDisabled();
  await form.getByRole('textbox', { name: 'Repository' }).fill(repo);
  await form.getByLabel('Private repository').check();

  let open = () => {};
  const until = new Promise<void>((resolve) => {
    open = resolve;
  });
  hub.faults.add({ methodRe: 'PUT', after: 2, action: { type: 'ttfb', ms: 0, until } });
  await form.getByRole('textbox', { name: 'Repository' }).press('Enter');
  await expect(report).toContainText('Uploading');
  await expect(report.getByRole('progressbar').last()).toBeVisible();
  await expect.poll(() => hub.journal.filter(({ method }) => method === 'PUT').length).toBeGreaterThan(2);
  expect(await pastTheEdge(page)).toEqual([]);
  await report.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(report).toContainText('You stopped publishing. Nothing was committed.');
  open();
  hub.faults.clear();
  expect(hub.historyOf(repo)).toHaveLength(1);

  await expect(report.getByRole('textbox', { name: 'Repository' })).toHaveValue(repo);
  await expect(report.getByLabel('Private repository')).toBeChecked();
  await report.getByRole('button', { name: 'Publish again' }).click();
  await expect(report).toContainText('in one commit');
  const link = report.getByRole('link', { name: repo });
  await expect(link).toHaveAttribute('href', `${hub.url}/${repo}/tree/${hub.headOf(repo)}`);
  expect(hub.historyOf(repo)).toHaveLength(2);
  const there = hub.contentsOf(repo);
  expect([...there.keys()]).toEqual(expect.arrayContaining(['README.md', 'config.json', 'moe-loom-report.json']));
  const stored = await page.evaluate(async () => {
    const sums: [string, string][] = [];
    const jobs = await (await navigator.storage.getDirectory()).getDirectoryHandle('jobs').catch(() => null);
    const walk = async (folder: FileSystemDirectoryHandle) => {
      for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle);
        else {
          const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
          const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          sums.push([name, Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('')]);
        }
      }
    };
    await walk(jobs ?? (await navigator.storage.getDirectory()));
    return sums;
  });
  const shards = stored.filter(([name]) => name.endsWith('.safetensors'));
  expect(shards.length).toBeGreaterThan(0);
  for (const [name, sum] of shards)
    expect(
      createHash('sha256')
        .update(there.get(name) ?? '')
        .digest('hex'),
      name,
    ).toBe(sum);
  expect(`${page.url()}${await page.content()}`).not.toContain(TOKEN);
});

test('who signed in to read sees that, and signs in with write access to publish', async ({ page, hub }) => {
  hub.switches.oauthUser = 'owner';
  await register(page, hub);
  const scopes: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/oauth/authorize') scopes.push(url.searchParams.get('scope') ?? '');
  });
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' });
  await page.locator('[data-access]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in at the Hub' }).click();
  await expect(page.locator('[data-access]')).toContainText('owner');
  await page.getByRole('button', { name: 'Start conversion' }).click();
  const report = page.getByRole('region', { name: 'Report' });
  await expect(report).toContainText('all equal');
  await report.getByRole('button', { name: 'Publish to the Hub…' }).click();
  const form = report.getByRole('form', { name: 'Publish to the Hub' });
  await expect(form).toContainText('You are signed in as owner to read only. Publishing needs write access.');
  await expect(form.getByRole('button', { name: 'Publish', exact: true })).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
  await Promise.all([
    page.waitForEvent('load'),
    form.getByRole('button', { name: 'Sign in with write access' }).click(),
  ]);
  await expect(page.locator('[data-access]')).toContainText('owner');
  expect(scopes).toEqual(['openid profile gated-repos', 'openid profile gated-repos write-repos contribute-repos']);

  // The result is still in the browser storage.
  await page.getByRole('button', { name: /^Report on / }).click();
  await report.getByRole('button', { name: 'Publish to the Hub…' }).click();
  const repo = `owner/signed-in-${Date.now()}`;
  await form.getByRole('textbox', { name: 'Repository' }).fill(repo);
  await form.getByRole('button', { name: 'Publish', exact: true }).click();
  await expect(report).toContainText('in one commit');
  expect(hub.historyOf(repo)).toHaveLength(2);
});

test('a token that may only read is refused in a sentence, and the way on is there', async ({ page, hub }) => {
  const report = await convert(page, hub);
  await giveToken(page, 'hf_member');
  await report.getByRole('button', { name: 'Publish to the Hub…' }).click();
  await report.getByRole('textbox', { name: 'Repository' }).fill('owner/not-mine');
  await report.getByRole('button', { name: 'Publish', exact: true }).click();
  await expect(report.getByRole('alert')).toContainText('The token may not write to owner/not-mine.');
  expect(hub.repos).not.toContain('owner/not-mine');
  await expect(report.getByRole('button', { name: 'Publish again' })).toBeEnabled();
});
