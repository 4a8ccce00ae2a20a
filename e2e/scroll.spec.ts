import { chromium, type Page } from '@playwright/test';
import { expect, test, visit } from './support/app.ts';
import { findBrowser } from './support/browser.ts';

const { executablePath, args } = findBrowser(chromium.executablePath());

/** Scrollbars that take space, as on Windows and Linux; Playwright hides them. */
test.use({
  launchOptions: {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...args],
    ignoreDefaultArgs: ['--hide-scrollbars'],
  },
});

interface Scrolling {
  /** What scrolls sideways: the page, the view or a part of it. A drawing in a frame may. */
  readonly sideways: readonly string[];
  /** The regions that scroll up and down, those in another one left out. */
  readonly upAndDown: readonly string[];
}

/** What of the page can be scrolled now. */
function scrolling(page: Page): Promise<Scrolling> {
  return page.evaluate(() => {
    const root = document.scrollingElement as Element;
    const all = [root, ...document.querySelectorAll('main, main *')];
    const scrolls = (element: Element, axis: 'X' | 'Y') =>
      element === root || /auto|scroll/.test(getComputedStyle(element)[`overflow${axis}`]);
    const nameOf = ({ tagName, className }: Element) => `${tagName} ${className}`;
    const sideways = all.filter(
      (element) =>
        !element.matches('.grid-scroller, .picture-frame, .flow-frame, .cut-body') &&
        scrolls(element, 'X') &&
        element.scrollWidth > element.clientWidth,
    );
    const tall = all.filter((element) => scrolls(element, 'Y') && element.scrollHeight > element.clientHeight + 1);
    const outer = tall.filter((element) => !tall.some((other) => other !== element && other.contains(element)));
    return { sideways: sideways.map(nameOf), upAndDown: outer.map(nameOf) };
  });
}

/** Whether scrollbars take space in this browser: otherwise the test shows nothing. */
function barWidth(page: Page): Promise<number> {
  return page.evaluate(() => {
    const outer = document.createElement('div');
    outer.attributeStyleMap.set('overflow', 'scroll');
    outer.attributeStyleMap.set('width', CSS.px(100));
    document.body.append(outer);
    const width = outer.offsetWidth - outer.clientWidth;
    outer.remove();
    return width;
  });
}

/** For each view a text that is there once it is drawn, and the regions that may scroll up and down. */
const VIEWS = [
  ['map', { layer: '0', expert: '5' }, 'Layer 0, expert 5', ['grid-scroller', 'side', 'picture-frame']],
  ['map', { shape: 'table' }, 'Stored as', ['table-scroller', 'side', 'picture-frame']],
  ['tensors', {}, 'tensors', ['tensors-scroller']],
  ['loads', {}, 'transformers 5', ['view']],
  ['convert', { target: 'stacked' }, 'What happens to each layer', ['view']],
  ['ranks', { ep: '4' }, 'Ranks', ['grid-scroller', 'side ranks-side']],
  ['compare', { with: 'preset/stacked-tiny' }, 'Equal bytes', ['view', 'pair-scroller']],
] as const;

for (const [view, query, text, regions] of VIEWS) {
  const how = Object.entries(query)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
  test(`${view} ${how} does not scroll sideways, and scrolls in its own regions alone`, async ({ page, hub }) => {
    await visit(page, hub, { repo: 'tiny/qwen3-moe', view, ...query });
    await expect(page.getByRole('main').getByText(text).first()).toBeVisible();
    expect(await barWidth(page)).toBeGreaterThan(0);
    const { sideways, upAndDown } = await scrolling(page);
    expect(sideways).toEqual([]);
    expect(upAndDown.filter((name) => !regions.some((region) => name.endsWith(` ${region}`)))).toEqual([]);
    for (const width of [1100, 960, 860, 780, 700, 610, 480, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await expect.poll(async () => (await scrolling(page)).sideways, `${width}`).toEqual([]);
    }
  });
}

test('in one column the view scrolls the list of pairs, whose rows are drawn where they are seen', async ({
  page,
  hub,
}) => {
  await page.setViewportSize({ width: 900, height: 800 });
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare', with: 'preset/stacked-tiny' });
  const list = page.getByRole('treegrid', { name: 'Pairs of both checkpoints' });
  await page.getByRole('button', { name: 'Open all' }).click();
  const rows = list.getByRole('row');
  await list.focus();
  await page.keyboard.press('End');
  const last = Number(await list.getAttribute('aria-rowcount'));
  expect(last).toBeGreaterThan(60);
  await expect(list.locator(`#pair-${last - 1}`)).toBeInViewport();
  expect(await rows.count()).toBeLessThan(last);
  expect(await list.evaluate((element) => element.scrollHeight - element.clientHeight)).toBe(0);
  await page.keyboard.press('Home');
  await expect(list.locator('#pair-0')).toBeInViewport();
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(async () => {
    await page.keyboard.press('End');
    await expect(list.locator(`#pair-${last - 1}`)).toBeInViewport({ timeout: 5000 });
  }).toPass();
});

for (const listing of ['table', 'tree'])
  test(`tensors as a ${listing} do not scroll sideways at any width, with details open or closed`, async ({
    page,
    hub,
  }) => {
    const tensor = 'model.layers.0.mlp.experts.3.gate_proj.weight';
    for (const details of [{}, { tensor }]) {
      await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'tensors', as: listing, ...details });
      await expect(page.getByText(/^104 tensors/)).toBeVisible();
      await expect(page.getByRole('complementary', { name: 'Tensor' })).toHaveCount('tensor' in details ? 1 : 0);
      for (const width of [1440, 1280, 1180, 1100, 1024, 960, 900, 880, 800, 790, 780, 700, 620, 590, 390]) {
        await page.setViewportSize({ width, height: 800 });
        const { sideways, upAndDown } = await scrolling(page);
        expect(sideways, `${width}`).toEqual([]);
        const regions = [' tensors-scroller', ' tensor-details', ' view'];
        expect(upAndDown.filter((name) => !regions.some((region) => name.endsWith(region)))).toEqual([]);
      }
      await page.setViewportSize({ width: 1280, height: 800 });
    }
  });

test('the page is as wide as the window, and the box of the source can be read, at every width', async ({
  page,
  hub,
}) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'loads' });
  const box = page.getByRole('textbox', { name: 'Hub repo or URL' });
  await expect(page.getByRole('main').getByText('transformers 5').first()).toBeVisible();
  for (const width of [1280, 1000, 960, 959, 880, 780, 768, 767, 600, 390, 320]) {
    await page.setViewportSize({ width, height: 800 });
    expect((await scrolling(page)).sideways, `${width}`).toEqual([]);
    expect((await box.boundingBox())?.width, `${width}`).toBeGreaterThan(64);
  }
});

test('Convert has one scrollbar, with a plan that is longer than the window', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'convert', target: 'stacked' });
  await expect(page.getByText('What happens to each layer')).toBeVisible();
  await expect.poll(() => scrolling(page)).toEqual({ sideways: [], upAndDown: ['MAIN view'] });
});
