import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { pagePolicy } from '../deploy/headers.ts';
import { serverHeaders } from '../src/cli/serve/app-headers.ts';
import { expect, pastTheEdge, storedFiles, test, violations, visit } from './support/app.ts';
import { refuseInWorkers, refuseStorage } from './support/no-storage.ts';
import { type PlainServer, servePlain } from './support/plain-server.ts';
import { markUsed } from './support/used-hub.ts';

const CONVERT = { repo: 'tiny/mixtral', view: 'convert', target: 'stacked', 'max-shard': '30 KB' };

const start = (page: Page) => page.getByRole('button', { name: 'Start conversion' }).click();
const job = (page: Page) => page.getByRole('region', { name: 'Conversion', exact: true });
const report = (page: Page) => page.getByRole('region', { name: 'Report' });
const place = (page: Page, name: RegExp) => page.getByRole('radio', { name });

/** Gives the app's origin so much storage and no more. */
async function limitStorage(page: Page, baseURL: string | undefined, quotaSize: number): Promise<void> {
  const client = await page.context().newCDPSession(page);
  await client.send('Storage.overrideQuotaForOrigin', { origin: new URL(baseURL ?? '').origin, quotaSize });
}

test('60 kB of storage: what fits is said of the file that does not, and memory is a way on', async ({
  page,
  hub,
  baseURL,
}) => {
  await limitStorage(page, baseURL, 60_000);
  await visit(page, hub, CONVERT);
  const full = page.getByText(/The browser storage is full: /).first();
  const offered = place(page, /^Browser storage/);
  await expect(full.or(page.getByText(/^Fastest/)).first()).toBeVisible();
  if (await offered.isEnabled()) await start(page);
  await expect(full).toBeVisible();
  await expect(full).toHaveText(
    /not even a small file fits|model-00001-of-00014\.safetensors needs \d+ bytes, and \d+ fit/,
  );
  expect(await pastTheEdge(page)).toEqual([]);
  // A conversion that could begin and failed offers it, and so does the plan of one that cannot begin.
  await page.getByRole('button', { name: /^Keep (it in memory instead|the result in memory)$/ }).click();
  await expect(place(page, /^Memory of this tab/)).toBeChecked();
  await start(page);
  await expect(report(page)).toContainText('all equal');
});

test('300 kB of storage: the file that does not fit is named with its own length, and others stay', async ({
  page,
  hub,
  baseURL,
}) => {
  await limitStorage(page, baseURL, 300_000);
  await visit(page, hub, CONVERT);
  await start(page);
  const said = job(page).getByRole('alert');
  await expect(said).toContainText(/The browser storage is full: model-0000\d-of-00014\.safetensors needs \d+ bytes/);
  const [, file = '', needed = '', fits = ''] = /full: (\S+) needs (\d+) bytes, and (\d+) fit/.exec(
    (await said.textContent()) ?? '',
  ) ?? [''];
  expect(Number(fits)).toBeLessThan(Number(needed));
  await page.getByText('14 shards in detail').click();
  const row = page.getByRole('row', { name: new RegExp(`^${file}`) });
  expect((await row.textContent())?.replaceAll(/[^\d]/g, '')).toContain(needed);
  expect((await storedFiles(page)).filter((name) => name.endsWith(file))).toEqual([]);
  await expect(said).toContainText(/shards? (is|are) finished and kept/);
  await expect(page.getByText('The browser reports')).toBeHidden();
  expect(await pastTheEdge(page)).toEqual([]);
});

test('storage that was cleared between visits: the unfinished conversion starts from its first shard', async ({
  page,
  hub,
}) => {
  page.on('dialog', (dialog) => void dialog.accept());
  hub.faults.add({ origin: 'cdn', rangeRe: /^bytes=[1-9]/, action: { type: 'slow', bps: 60_000 } });
  await visit(page, hub, CONVERT);
  await start(page);
  await expect(job(page).getByText(/^[2-9] of \d+$/)).toBeVisible();
  await page.goto('about:blank');
  hub.faults.clear();
  await visit(page, hub, { ...CONVERT, view: 'map' });
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry('moe-loom', { recursive: true });
  });
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Convert', exact: true }).click();
  const unfinished = page.getByRole('region', { name: 'Unfinished conversions' });
  await expect(unfinished).toContainText('None of 14 shards finished');
  await unfinished.getByRole('button', { name: 'Resume' }).click();
  await expect(report(page)).toContainText('all equal');
});

test.describe('without storage', () => {
  let server: PlainServer;
  test.beforeAll(async () => {
    server = await servePlain({ change: (folder) => refuseInWorkers(join(folder, 'assets')) });
  });
  test.afterAll(() => server.close());
  const base = () => server.base;

  test('a private window: storage is not offered, the page says why, and memory takes the result', async ({
    page,
    hub,
  }) => {
    await refuseStorage(page);
    await page.goto(`${base()}?${new URLSearchParams({ endpoint: hub.url, ...CONVERT })}`);
    await page.getByRole('button', { name: /^Open from / }).click();
    await expect(place(page, /^Browser storage/)).toBeDisabled();
    await expect(page.getByText(/gives this page no storage \(SecurityError\): in a private window/)).toBeVisible();
    await expect(place(page, /^A folder I pick/)).toBeChecked();
    await page.getByRole('button', { name: 'Keep the result in memory' }).click();
    await expect(place(page, /^Memory of this tab/)).toBeChecked();
    await expect(page.getByText('The browser storage cannot be used')).toContainText('Download it before you close');
    expect(await violations(page)).toEqual([]);
    expect(await pastTheEdge(page)).toEqual([]);
    await start(page);
    await expect(report(page)).toContainText('all equal');
    await expect(report(page)).toContainText('These files exist only in this tab.');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      report(page).getByRole('link', { name: 'Download model.safetensors.index.json' }).click(),
    ]);
    expect(existsSync(await download.path())).toBe(true);
  });

  test('in a frame of another site without storage, the page opens and points to its own tab', async ({
    page,
    hub,
  }) => {
    await refuseStorage(page);
    const { port } = new URL(base());
    const inner = `http://127.0.0.1:${port}/?${new URLSearchParams({ endpoint: hub.url, ...CONVERT })}`;
    const outer = createServer((_, answer) => {
      answer.setHeader('content-type', 'text/html');
      answer.end(`<iframe src="${inner.replaceAll('&', '&amp;')}" style="width:100%;height:95vh"></iframe>`);
    }).listen(0, 'localhost');
    await once(outer, 'listening');
    await page.goto(`http://localhost:${(outer.address() as AddressInfo).port}/`);
    const frame = page.frameLocator('iframe');
    await frame.getByRole('button', { name: /^Open from / }).click();
    await expect(frame.getByRole('radio', { name: /^Browser storage/ })).toBeDisabled();
    await expect(frame.getByText('A page inside another site cannot write to folders.')).toBeVisible();
    const link = frame.getByRole('link', { name: 'Open in its own tab' });
    expect(await link.getAttribute('href')).toContain('view=convert');
    await expect(frame.getByRole('radio', { name: /^Memory of this tab/ })).toBeChecked();
    await frame.getByRole('button', { name: 'Start conversion' }).click();
    await expect(frame.getByRole('region', { name: 'Report' })).toContainText('all equal');
    outer.close();
  });
});

test.describe('on a server of its own', () => {
  let server: PlainServer;
  test.beforeAll(async () => {
    server = await servePlain({ headers: Object.fromEntries(serverHeaders(pagePolicy())) });
  });
  test.afterAll(() => server.close());
  const base = () => server.base;

  test('with the headers of deploy/ it converts and computes, isolated, and nothing breaks the policy', async ({
    page,
    hub,
  }) => {
    const broken: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) broken.push(message.text());
    });
    await page.goto(`${base()}?sample=tiny-qwen3-moe&view=convert&target=stacked`);
    expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(true);
    await start(page);
    await expect(report(page)).toContainText('all equal');
    await page.addInitScript(markUsed, hub.url);
    const pair = {
      repo: 'preset/per-expert-tiny',
      with: 'preset/stacked-tiny',
      view: 'compare',
      part: 'block',
      layer: '0',
    };
    await page.goto(`${base()}?${new URLSearchParams({ endpoint: hub.url, ...pair })}`);
    await page.getByRole('button', { name: /^Compute layer/ }).click();
    await expect(page.getByText(/The same output/).first()).toBeVisible();
    expect(broken).toEqual([]);
    const refused = await page.evaluate(() => {
      const tries: readonly (() => unknown)[] = [
        () => new Worker('https://example.org/worker.js'),
        () => {
          document.createElement('div').innerHTML = '<b>x</b>';
        },
        () => setTimeout('1', 0),
      ];
      return tries.map((attempt) => {
        try {
          attempt();
          return 'done';
        } catch (error) {
          return (error as Error).name;
        }
      });
    });
    expect(refused).toEqual(['TypeError', 'TypeError', expect.not.stringMatching('done')]);
  });

  test('a newer version under an open tab offers to reload, and a conversion that is half done ends well', async ({
    page,
    hub,
  }) => {
    // The last file of the source is held back: the conversion cannot end before it comes.
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    hub.faults.add({
      origin: 'cdn',
      pathRe: '00005-of-00005',
      rangeRe: /^bytes=[1-9]/,
      action: { type: 'ttfb', ms: 0, until: held },
    });
    await page.addInitScript(markUsed, hub.url);
    await page.goto(`${base()}?${new URLSearchParams({ endpoint: hub.url, ...CONVERT })}`);
    await start(page);
    await expect(job(page).getByText(/^[2-9] of 14$/)).toBeVisible();
    // The server gets other files under other names, as a deployment that removes the old ones leaves it.
    await page.route(/\/assets\//, (route) => route.fulfill({ status: 404, body: 'gone' }));
    await page.route(base(), (route) =>
      route.fulfill({ contentType: 'text/html', body: '<script type="module" src="./assets/index-NEW.js"></script>' }),
    );
    const view = (name: string) =>
      page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name, exact: true }).click();
    await view('Tensors');
    const notice = page.getByRole('region', { name: 'A newer version of moe-loom is on the server.' });
    // Small parts of the view that was left may be missing too, and say so where they would be.
    const failed = page.getByRole('alert').filter({ has: page.getByRole('heading') });
    await expect(failed).toContainText('A newer version of moe-loom has replaced it');
    expect(await violations(page)).toEqual([]);
    // A reload would break the conversion off: the browser asks, and the person stays.
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.dismiss();
    });
    await notice.getByRole('button', { name: 'Reload' }).click();
    await expect.poll(() => asked).toEqual(['beforeunload']);
    await view('Convert');
    await expect(job(page).getByRole('button', { name: 'Cancel' })).toBeVisible();
    await expect(report(page)).toHaveCount(0);
    expect(hub.faults.list()[0]?.struck).toBeGreaterThan(0);
    letGo();
    await expect(report(page)).toContainText('all equal');
  });
});
