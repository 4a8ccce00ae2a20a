import type { Page } from '@playwright/test';
import { expect, moveTo, test, visit } from './support/app.ts';

const WIDTH = 390;
const SAMPLE = { sample: 'qwen3-235b-a22b' };

/** Regions that scroll sideways by design: pictures, code and small grids that would lose their meaning in a list. */
const SCROLLS = [
  '.grid-scroller',
  '.picture-frame',
  '.flow-frame',
  '.cut-body',
  '.memory-grid .table-scroller',
  '.memory-config section',
  'pre',
].join(', ');

test.use({ viewport: { width: WIDTH, height: 844 } });

/** What is wider than the screen: the page, a region that is not one of {@link SCROLLS}, or anything past the edge outside of them. */
async function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(
    ({ scrolls, width }) => {
      const nameOf = (element: Element) =>
        `${element.tagName.toLowerCase()}.${String(element.getAttribute('class')).replaceAll(' ', '.')}`;
      const root = document.scrollingElement;
      const all = [...document.body.querySelectorAll('*')].filter((element) => !element.closest(scrolls));
      const isClipped = (element: Element): boolean => {
        for (let parent = element.parentElement; parent; parent = parent.parentElement)
          if (getComputedStyle(parent).overflowX !== 'visible' && parent.getBoundingClientRect().right <= width + 0.5)
            return getComputedStyle(parent).overflowX === 'hidden' || getComputedStyle(parent).overflowX === 'clip';
        return false;
      };
      const sideways = all.filter(
        (element) =>
          /auto|scroll/.test(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth,
      );
      const past = all.filter((element) => {
        const { right, width: own, height } = element.getBoundingClientRect();
        return own > 1 && height > 1 && right > width + 0.5 && !isClipped(element);
      });
      return [
        ...(root && root.scrollWidth > width ? [`page ${root.scrollWidth}`] : []),
        ...sideways.map((element) => `${nameOf(element)} scrolls ${element.scrollWidth} in ${element.clientWidth}`),
        ...past.map((element) => `${nameOf(element)} ends at ${Math.round(element.getBoundingClientRect().right)}`),
      ];
    },
    { scrolls: SCROLLS, width: WIDTH },
  );
}

const MEMORY = 'fsdp2,gpus:64,ep:64,cp:8,context:32768';

const VIEWS: readonly (readonly [name: string, query: Record<string, string>, ready: string])[] = [
  ['map as a grid', { ...SAMPLE, view: 'map', layer: '47', expert: '99' }, '.grid-scroller'],
  ['map as files', { ...SAMPLE, view: 'map', shape: 'files' }, '[aria-label="Files, byte by byte"]'],
  ['map as a table', { ...SAMPLE, view: 'map', shape: 'table' }, 'main [aria-label="Layers"]'],
  ['tensors as a table', { ...SAMPLE, view: 'tensors' }, '.tensors-row'],
  ['tensors as a tree', { ...SAMPLE, view: 'tensors', as: 'tree' }, '.tree-row'],
  ['Loads in', { ...SAMPLE, view: 'loads' }, '.consumer'],
  ['Convert with its plan', { ...SAMPLE, view: 'convert', target: 'gate-up' }, '.plan-loads'],
  ['ranks, placement', { ...SAMPLE, view: 'ranks', ep: '64', rank: '5', reads: 'open' }, '.rank-row'],
  ['ranks, unequal', { ...SAMPLE, view: 'ranks', framework: 'vllm', ep: '5', dp: '5' }, 'text=/^5 ranks, 2/'],
  [
    'ranks as tables',
    { ...SAMPLE, view: 'ranks', ep: '64', rank: '5', shape: 'table' },
    '[aria-label="Experts by layer"]',
  ],
  ['memory', { ...SAMPLE, view: 'ranks', memory: MEMORY, against: 'fsdp2,gpus:64,ep:64' }, '.memory-terms'],
  ['Compare, asking', { ...SAMPLE, view: 'compare' }, 'main :is(h1, h2):has-text("Compare with")'],
];

// One opening for all: the model takes as long to open as a view to be measured.
test('every view of 235B fits a phone', async ({ page }) => {
  test.slow();
  await page.goto(`./?${new URLSearchParams({ ...SAMPLE, view: 'compare' })}`);
  await expect(page.locator('main h1')).toBeAttached();
  for (const [name, query, ready] of VIEWS) {
    await test.step(name, async () => {
      // What shows that a view is there must not be in the view before.
      await expect(page.locator(ready), name).toHaveCount(0);
      await moveTo(page, query);
      await expect(page.locator(ready).first(), name).toBeVisible();
      await expect.poll(() => tooWide(page), name).toEqual([]);
    });
  }
});

test('a comparison of two checkpoints fits a phone', async ({ page, hub }) => {
  await visit(page, hub, { repo: 'tiny/qwen3-moe', view: 'compare', with: 'preset/stacked-tiny', open: '*' });
  await expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible();
  await expect.poll(() => tooWide(page)).toEqual([]);
});

test('the start page fits a phone', async ({ page }) => {
  await page.goto('./');
  await expect(page.getByRole('textbox').first()).toBeVisible();
  await expect.poll(() => tooWide(page)).toEqual([]);
});

test('the palette, the sheet of keys and the access popover fit a phone', async ({ page }) => {
  await page.goto(`./?${new URLSearchParams(SAMPLE)}`);
  await expect(page.locator('.grid-scroller').first()).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog', { name: 'Find' })).toBeVisible();
  expect(await tooWide(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.locator('main h1').first().focus();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  expect(await tooWide(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Access' }).click();
  await expect(page.getByRole('textbox', { name: /token/i }).first()).toBeVisible();
  expect(await tooWide(page)).toEqual([]);
});

test('the list of ranks shows each rank’s weights inside the screen', async ({ page }) => {
  await page.goto(`./?${new URLSearchParams({ ...SAMPLE, view: 'ranks', ep: '64' })}`);
  const row = page.getByRole('option', { name: /^Rank 0,/ });
  await row.scrollIntoViewIfNeeded();
  const weights = await row.getByText(/^[\d.]+ [GM]B$/).boundingBox();
  expect((weights?.x ?? WIDTH) + (weights?.width ?? 0)).toBeLessThanOrEqual(WIDTH);
});
