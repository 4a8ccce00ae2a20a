import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { INKS } from '../src/core/layouts/drawing/inks.ts';
import { test as base, expect } from './support/app.ts';
import { type PackagePages, servePackage } from './support/package-pages.ts';

const BIG = 'Qwen/Qwen3-235B-A22B';
const SMALL = 'tiny/qwen3-moe';

/** What the policy of a page forbade, and the events of its elements. */
interface Watched {
  readonly violations: string[];
  readonly events: { readonly type: string; readonly detail: unknown }[];
}

const test = base.extend<{ readonly pages: PackagePages; readonly policed: undefined }>({
  pages: async ({ hub }, use) => {
    const pages = await servePackage((page) => page.replaceAll(/<(moe-\w+)/g, `<$1 endpoint="${hub.url}"`));
    await use(pages);
    await pages.close();
  },
  policed: [
    async ({ page }, use) => {
      await page.addInitScript(() => {
        const watched: Watched = { violations: [], events: [] };
        Object.assign(globalThis, { watched });
        document.addEventListener('securitypolicyviolation', (event) =>
          watched.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
        );
        for (const type of ['moe-layout-ready', 'moe-map-ready', 'moe-map-choose', 'error'])
          document.addEventListener(
            type,
            (event) => event instanceof CustomEvent && watched.events.push({ type, detail: event.detail }),
            true,
          );
      });
      await use(undefined);
      expect((await watchedOf(page)).violations).toEqual([]);
    },
    { auto: true },
  ],
});

function watchedOf(page: Page): Promise<Watched> {
  return page.evaluate(() => (globalThis as unknown as { watched: Watched }).watched);
}

async function open(page: Page, pages: PackagePages): Promise<void> {
  await page.goto(`${pages.url}/examples/elements.html`);
}

/** Shows a repo in both elements. */
async function show(page: Page, attributes: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate((given) => {
    for (const element of document.querySelectorAll('moe-layout, moe-map'))
      for (const [name, value] of Object.entries(given)) element.setAttribute(name, value);
  }, attributes);
}

const picture = (page: Page) => page.locator('moe-layout').getByRole('img');
const map = (page: Page) => page.locator('moe-map').getByRole('application');

test('the example page draws a layer and a map of 470 GB from headers alone, under a strict policy', async ({
  page,
  hub,
  pages,
}) => {
  await open(page, pages);
  await expect(picture(page)).toHaveAccessibleName(/^Layer 3: per-expert \(projections\), 128 experts\. .+/);
  await expect(map(page)).toHaveAccessibleName(
    `${BIG}: 94 layers, 94 of them with experts, up to 128 experts each, in 118 files. No defect was found.`,
  );
  await expect(page.locator('moe-layout')).toContainText('per expert, in');
  const weights = hub.journal.filter(({ origin, path }) => origin === 'cdn' && path.includes('.safetensors'));
  expect(new Set(weights.map(({ path }) => /model-\d+/.exec(path)?.[0])).size).toBe(118);
  // Each element is one file and reads for itself: at most one request a file and element, each for the start of the file.
  expect(weights.length).toBeLessThanOrEqual(2 * 118);
  expect(weights.filter(({ range }) => !/^bytes=0-\d{1,6}$/.test(range ?? ''))).toEqual([]);
  expect(hub.journal.filter(({ path }) => path.includes('.index.json'))).toEqual([]);
  expect(hub.journal.filter(({ hasAuthorization }) => hasAuthorization)).toEqual([]);
  expect((await watchedOf(page)).events.map(({ type }) => type).sort()).toEqual(['moe-layout-ready', 'moe-map-ready']);
});

test('attributes choose the layer, the drawing and the expert, and nothing is read again for them', async ({
  page,
  hub,
  pages,
}) => {
  await open(page, pages);
  await show(page, { repo: SMALL, layer: '0' });
  await expect(picture(page)).toHaveAccessibleName(/^Layer 0: per-expert \(projections\), 12 experts/);
  hub.clearJournal();
  await show(page, { layer: '2', what: 'strip', expert: '7' });
  await expect(picture(page)).toHaveAccessibleName(/^Layer 2: .*Expert 7 is marked\.$/);
  await page.locator('moe-layout svg [data-says]').first().hover();
  await expect(page.locator('moe-layout .says').first()).toContainText('model.layers.2');
  expect(hub.journal).toEqual([]);
});

test('both schemes: the system chooses, and the attribute scheme overrides it', async ({ page, pages }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page, pages);
  await show(page, { repo: SMALL, layer: '0' });
  await expect(picture(page)).toHaveAccessibleName(/^Layer 0/);
  await expect(map(page)).toBeVisible();
  const ground = (name: string) => page.locator(name).evaluate((element) => getComputedStyle(element).backgroundColor);
  const [light, dark] = [rgb(INKS.light.surface), rgb(INKS.dark.surface)];
  expect([await ground('moe-layout'), await ground('moe-map')]).toEqual([light, light]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect([await ground('moe-layout'), await ground('moe-map')]).toEqual([dark, dark]);
  const ink = await page
    .locator('moe-layout svg text')
    .first()
    .evaluate((text) => getComputedStyle(text).fill);
  expect(Object.values(INKS.dark).map(rgb)).toContain(ink);
  await show(page, { scheme: 'light' });
  expect([await ground('moe-layout'), await ground('moe-map')]).toEqual([light, light]);
});

test('the keyboard walks the map, and Enter chooses a cell', async ({ page, pages }) => {
  await open(page, pages);
  await show(page, { repo: SMALL, layer: '0' });
  await expect(map(page)).toHaveAccessibleName(/^tiny\/qwen3-moe: 3 layers, 2 of them/);
  const says = page.locator('moe-map .says');
  await map(page).focus();
  await expect(says).toContainText('Layer 0, expert 0: ');
  await page.keyboard.press('End');
  await expect(says).toContainText('Layer 0, expert 11: ');
  await page.keyboard.press('ArrowDown');
  await expect(says).toHaveText('Layer 1: dense, no experts');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await expect(says).toContainText(/Layer 2, expert 10: .+BF16, model-0000\d-of-00003\.safetensors/);
  await page.keyboard.press('Enter');
  const { events } = await watchedOf(page);
  expect(events.filter(({ type }) => type === 'moe-map-choose').map(({ detail }) => detail)).toEqual([
    { layer: 2, expert: 10 },
  ]);
});

test('a failure is a sentence with a button that reads again', async ({ page, hub, pages }) => {
  hub.faults.add({ pathRe: '/api/models/tiny/', action: { type: '404repo' } });
  await open(page, pages);
  await show(page, { repo: SMALL, layer: '0' });
  const alert = page.locator('moe-layout').getByRole('alert');
  await expect(alert).toContainText('tiny/qwen3-moe');
  const { events } = await watchedOf(page);
  expect(events.filter(({ type }) => type === 'error').map(({ detail }) => (detail as { tag: string }).tag)).toContain(
    'repo-not-found',
  );
  hub.faults.clear();
  await page.locator('moe-layout').getByRole('button', { name: 'Retry' }).click();
  await expect(picture(page)).toHaveAccessibleName(/^Layer 0/);
  await show(page, { layer: 'first' });
  await expect(alert).toHaveText('The attribute layer takes a number from 0 to 999999, not "first".');
  await show(page, { layer: '9' });
  await expect(alert).toContainText('There is no layer 9.');
});

test('the example page prints the layout of chosen files', async ({ page, pages }) => {
  await page.goto(`${pages.url}/examples/drop-a-file.html`);
  const folder = fileURLToPath(new URL('../fixtures/checkpoints/qwen3_moe/hub/', import.meta.url));
  const shards = [1, 2, 3].map((number) => `${folder}model-0000${number}-of-00003.safetensors`);
  const files = [`${folder}config.json`, `${folder}model.safetensors.index.json`, ...shards];
  await page.getByLabel('Files of a checkpoint').setInputFiles(files);
  await expect(page.getByRole('status')).toHaveText('qwen3_moe: per-expert, 104 tensors');
});

/** `#rrggbb` as a computed style has it. */
function rgb(colour: string): string {
  const part = (at: number) => Number.parseInt(colour.slice(at, at + 2), 16);
  return `rgb(${part(1)}, ${part(3)}, ${part(5)})`;
}
