import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer, { type Browser, type BrowserContext, type ElementHandle, type Page } from 'puppeteer-core';
import { type PreviewServer, preview } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/core/checkpoint/open.ts';
import { openLocal } from '../../src/core/source/folder.node.ts';
import { allTensors, sameTensor, truthOf } from '../../src/core/testing.fixture.ts';
import { verifyCheckpoints } from '../../src/core/verify/verify.ts';
import { findFirefox, NO_FIREFOX } from '../support/firefox.ts';
import { allRepos } from '../support/hub/main.ts';
import { type HubServer, startHub } from '../support/hub/server.ts';
import { markUsed } from '../support/used-hub.ts';

const ORIGINAL = fileURLToPath(new URL('../../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));
const executablePath = findFirefox();
const inCi = process.env.CI !== undefined && process.env.CI !== '';

it('is there to be tested', ({ skip }) => {
  if (executablePath === null && !inCi) skip(NO_FIREFOX);
  expect(executablePath, NO_FIREFOX).not.toBeNull();
});

describe.skipIf(executablePath === null)('Firefox', () => {
  let hub: HubServer;
  let server: PreviewServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let errors: string[] = [];
  const downloads = mkdtempSync(join(tmpdir(), 'moe-loom-firefox-'));

  beforeAll(async () => {
    hub = await startHub({ repos: allRepos() });
    server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
    browser = await launch({
      'browser.download.folderList': 2,
      'browser.download.dir': downloads,
      'browser.download.alwaysOpenPanel': false,
      'browser.helperApps.neverAsk.saveToDisk': 'application/octet-stream,application/json',
    });
  });
  beforeEach(async () => {
    hub.faults.clear();
    hub.clearJournal();
    errors = [];
    context = await browser.createBrowserContext();
    await openPage(context);
  });
  /** Lets the test go on in a page of this context; what breaks the page's policy is an error of the test. */
  async function openPage(from: BrowserContext): Promise<void> {
    page = await from.newPage();
    page.setDefaultTimeout(45_000);
    await page.setViewport({ width: 1280, height: 800 });
    page.on('pageerror', (error) => errors.push(error instanceof Error ? error.message : String(error)));
    await page.evaluateOnNewDocument(() => {
      addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
        throw new Error(`The page broke its own policy: ${effectiveDirective} ${blockedURI}`);
      });
    });
  }
  afterEach(async () => {
    await context.close();
    expect(errors).toEqual([]);
    expect(hub.leaks).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await hub?.close();
    rmSync(downloads, { recursive: true, force: true });
  });

  const visit = async (parameters: Readonly<Record<string, string>> = {}) => {
    await page.evaluateOnNewDocument(markUsed, hub.url);
    const base = server.resolvedUrls?.local[0] ?? '';
    return page.goto(`${base}?${new URLSearchParams({ endpoint: hub.url, ...parameters })}`);
  };
  /** The element with this role and name, as soon as it can be seen. */
  const see = (role: string, name: string): Promise<ElementHandle<Element>> =>
    seen(page, `aria/${name}[role="${role}"]`);
  /** Clicks it once it can be used. */
  const click = async (role: string, name: string) => {
    const element = await see(role, name);
    await page.waitForFunction((one) => !(one as HTMLButtonElement).disabled, {}, element);
    await element.click();
  };
  const read = (text: string) => seen(page, `text/${text}`);

  /** Clicks what saves a file, and waits until it is whole. */
  async function saved(link: ElementHandle<Element>): Promise<string> {
    const before = new Set(readdirSync(downloads));
    await link.click();
    return waitFor(() => {
      const names = readdirSync(downloads);
      if (names.some((name) => name.endsWith('.part'))) return null;
      return names.find((name) => !before.has(name)) ?? null;
    });
  }

  it('pastes, sees the map and the tensors, converts, and downloads what transformers holds', async () => {
    await visit();
    await (await see('textbox', 'Hub repo or URL')).type('tiny/qwen3-moe');
    await page.keyboard.press('Enter');
    await see('grid', 'Layers by experts');
    await read('2 layers × 12 experts');
    await click('link', 'Tensors');
    await read('lm_head.weight');
    await read('104 tensors');
    await click('link', 'Convert');
    await (await seen(page, '::-p-xpath(//label[span[text()="gate-up"]])')).click();
    await click('button', 'Start conversion');
    await read('all equal');
    for (const link of await page.$$('a[download]')) await saved(link);
    expect(readdirSync(downloads).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'model.safetensors.index.json',
      'moe-loom-report.json',
    ]);
    const [original, got] = await Promise.all([openLocal(ORIGINAL), openLocal(downloads)]);
    const sides = [original, got].map(async (files) => ({ files, checkpoint: await openCheckpoint(files) }));
    const [left, right] = await Promise.all(sides);
    if (!left || !right) throw new Error('two checkpoints were opened');
    expect(await verifyCheckpoints(left, right)).toMatchObject({ equal: true, differences: [] });
    const [truth, tensors] = [await truthOf('qwen3_moe'), await allTensors(got)];
    expect([...tensors.keys()].sort()).toEqual([...truth.keys()].sort());
    for (const [name, tensor] of truth) expect(sameTensor(tensor, tensors.get(name)), name).toBe(true);
  });

  it('opens 470 GB with one request a shard and no preflight', async () => {
    await visit({ repo: 'Qwen/Qwen3-235B-A22B' });
    await read('36,945 tensors');
    await read('No problem found');
    expect(hub.journal.filter((entry) => entry.class === 'preflight')).toEqual([]);
    expect(hub.journal.length).toBeLessThanOrEqual(247);
    hub.clearJournal();
    await page.reload();
    await read('36,945 tensors');
    await read('No problem found');
    expect(hub.journal.length).toBeLessThanOrEqual(2);
  });

  it('takes a connection that breaks for what it is: no cancel of the person', async () => {
    const second = { origin: 'cdn', pathRe: '00002-of-00003' } as const;
    hub.faults.add({ ...second, times: 1, action: { type: 'reset', afterBytes: 100 } });
    await visit({ repo: 'preset/per-expert-tiny' });
    await read('No problem found');
    expect(hub.faults.list()[0]?.struck).toBe(1);
  });

  it('reads again only the shard that could not be read', async () => {
    hub.faults.add({ origin: 'cdn', pathRe: '00002-of-00003', action: { type: 'overlong' } });
    await visit({ repo: 'preset/lfs-tiny' });
    await read('1 file could not be read.');
    hub.faults.clear();
    hub.clearJournal();
    await click('button', 'Retry these');
    await read('No problem found');
    const asked = hub.journal.filter(({ class: kind }) => kind === 'resolver').map(({ path }) => path);
    expect(asked.filter((path) => path.includes('.safetensors') && !path.includes('index'))).toEqual([
      expect.stringContaining('model-00002-of-00003'),
    ]);
  });

  it('stops reading again when told to', async () => {
    hub.faults.add({ origin: 'cdn', pathRe: '00002-of-00003', action: { type: 'overlong' } });
    await visit({ repo: 'preset/per-expert-tiny' });
    await read('1 file could not be read.');
    hub.faults.clear();
    hub.faults.add({ origin: 'cdn', pathRe: '00002-of-00003', action: { type: 'ttfb', ms: 600_000 } });
    await click('button', 'Retry these');
    await click('button', 'Cancel');
    await see('button', 'Retry these');
  });

  it('converts into memory in a private window, which has no storage', async () => {
    const privately = await launch({ 'browser.privatebrowsing.autostart': true });
    try {
      await openPage(privately.defaultBrowserContext());
      await visit({ repo: 'tiny/mixtral', view: 'convert', target: 'stacked' });
      await read('The browser gives this page no storage (SecurityError)');
      await read('The result is kept in the memory of this tab.');
      await click('button', 'Start conversion');
      await read('all equal');
      await read('These files exist only in this tab.');
    } finally {
      await privately.close();
    }
  });

  it('opens chosen files', async () => {
    await visit();
    const input = await page.waitForSelector('input[type=file][aria-label="Choose files"]');
    const files = readdirSync(ORIGINAL).map((name) => join(ORIGINAL, name));
    await (input as ElementHandle<HTMLInputElement>).uploadFile(...files);
    await read('104 tensors');
  });
});

function launch(extraPrefsFirefox: Readonly<Record<string, string | number | boolean>>): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: executablePath ?? '',
    headless: true,
    extraPrefsFirefox: { ...extraPrefsFirefox },
  });
}

async function seen(page: Page, selector: string): Promise<ElementHandle<Element>> {
  const element = await page.waitForSelector(selector, { visible: true }).catch(() => null);
  if (element) return element;
  const shown = await page.evaluate(() => document.body.innerText);
  throw new Error(`"${selector}" did not come; the page says:\n${shown}`);
}

/** Asks until there is an answer; the test's own time limit bounds it. */
async function waitFor<T>(ask: () => T | null): Promise<T> {
  for (;;) {
    const answer = ask();
    if (answer !== null) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
