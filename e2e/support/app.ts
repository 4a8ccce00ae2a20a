import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import { allRepos } from './hub/main.ts';
import { type HubServer, startHub } from './hub/server.ts';
import { markUsed } from './used-hub.ts';

export { expect };

interface WorkerFixtures {
  /** A Hub of this worker's own; its journal, faults and clock are fresh for each test. */
  readonly hubServer: HubServer;
}

interface Fixtures {
  readonly hub: HubServer;
  /** Fails the test when the page reports an error that nobody caught. */
  readonly quiet: undefined;
}

/** Tests get the fixture Hub; the page must not raise an uncaught error. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  hubServer: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures out of this pattern
    async ({}, use) => {
      const hub = await startHub({ repos: allRepos() });
      await use(hub);
      await hub.close();
    },
    { scope: 'worker' },
  ],
  hub: async ({ hubServer }, use) => {
    hubServer.faults.clear();
    hubServer.clearJournal();
    const { oauthUser } = hubServer.switches;
    await use(hubServer);
    hubServer.faults.clear();
    hubServer.switches.oauthUser = oauthUser;
    // No request may ever bring a token to the file servers, whatever the test was about.
    expect(hubServer.leaks).toEqual([]);
  },
  quiet: [
    async ({ page }, use) => {
      const errors: Error[] = [];
      page.on('pageerror', (error) => errors.push(error));
      await use(undefined);
      expect(errors.map((error) => error.stack ?? error.message)).toEqual([]);
    },
    { auto: true },
  ],
});

/** Opens the app at an address with these query parameters, the fixture Hub as its endpoint and as one that was used before. */
export async function visit(
  page: Page,
  hub: HubServer,
  parameters: Readonly<Record<string, string>> = {},
): Promise<void> {
  await page.addInitScript(markUsed, hub.url);
  await page.goto(`/?${new URLSearchParams({ endpoint: hub.url, ...parameters })}`);
}

/** Makes the page what it is where somebody registered it at this Hub. */
export async function register(page: Page, hub: HubServer): Promise<void> {
  await page.addInitScript((endpoint) => {
    document.addEventListener('DOMContentLoaded', () => {
      const meta = Object.assign(document.createElement('meta'), { name: 'moe-loom-oauth-client', content: 'loom' });
      meta.dataset.endpoint = endpoint;
      document.head.append(meta);
    });
  }, hub.url);
}

/**
 * Has an open page show another address as Back does: what is open stays open where the address names the same source.
 * For tests that look at many views of a model that takes long to open.
 */
export async function moveTo(page: Page, parameters: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate(
    (search) => {
      history.pushState(null, '', search);
      dispatchEvent(new PopStateEvent('popstate'));
    },
    `?${new URLSearchParams(parameters)}`,
  );
}

/** Types a repo into the source box and inspects it. */
export async function paste(page: Page, text: string): Promise<void> {
  const box = page.getByRole('textbox', { name: 'Hub repo or URL' });
  await box.fill(text);
  await page.getByRole('button', { name: 'Inspect' }).click();
}

/** The parameters of the page's address. */
export function parametersOf(page: Page): URLSearchParams {
  return new URL(page.url()).searchParams;
}

/** axe's rules that judge colours: all that the dark scheme could break and the light one keep. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** Inside drawings: hundreds of shapes of one image, whose colours unit tests judge. Its name and its list are outside. */
const DRAWN = '.picture > *, .small-picture > *';

/** What axe finds wrong with the page as it is now: by every rule in the light scheme, by those of colours in the dark. */
export async function violations(page: Page): Promise<string[]> {
  await turn(page, 'light');
  const light = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ['violations'] })
    .exclude(DRAWN)
    .analyze();
  await turn(page, 'dark');
  // Judging the light scheme left axe in the page: to bring it again takes as long as to run these two rules.
  const dark = await page.evaluate(
    async ({ exclude, rules }) => {
      const { axe } = window as unknown as { axe: Axe };
      const options = { resultTypes: ['violations'], runOnly: rules };
      return (await axe.run({ exclude: [[exclude]] }, options)).violations;
    },
    { exclude: DRAWN, rules: OF_COLOURS },
  );
  await turn(page, 'light');
  return [light.violations, dark].flatMap((found, at) =>
    found.map(
      ({ id, help, nodes }) =>
        `${at === 0 ? 'light' : 'dark'}, ${id}: ${help} (${nodes.map((node) => node.target.join(' ')).join('; ')})`,
    ),
  );
}

/** What axe's builder puts into the page. */
interface Axe {
  run(context: object, options: object): ReturnType<AxeBuilder['analyze']>;
}

/** Changes the system's scheme, and waits until the page wears it; colours on their way to others are there at once. */
async function turn(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) animation.finish();
  });
}

/** Drops real files or folders on the page as a person does: a trusted event, with handles where the browser gives them. */
export async function dropPaths(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 640, y: 400, data });
  }
  await session.detach();
}

/** Every file that browser storage holds. */
export function storedFiles(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const names: string[] = [];
    const walk = async (folder: FileSystemDirectoryHandle, path: string) => {
      for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
        else names.push(path + name);
      }
    };
    await walk(await navigator.storage.getDirectory(), '');
    return names;
  });
}

/**
 * What stands past the edge of a narrow screen, 390 wide: the page itself, or a part of the view that scrolls sideways.
 * Only a grid of layers by experts may.
 */
export async function pastTheEdge(page: Page): Promise<string[]> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const found = await page.evaluate(() => {
    const wide = (element: Element) => element.scrollWidth > element.clientWidth;
    const page = document.scrollingElement;
    const scrolls = [
      ...document.querySelectorAll('main, main *:not(.grid-scroller, .picture-frame, .flow-frame, .cut-body)'),
    ].filter((element) => wide(element) && /auto|scroll/.test(getComputedStyle(element).overflowX));
    return [...(page && page.scrollWidth > innerWidth ? [page] : []), ...scrolls].map(
      ({ tagName, className, scrollWidth }) => `${tagName} ${className}: ${scrollWidth}`,
    );
  });
  if (before) await page.setViewportSize(before);
  return found;
}

/** What a person sees of the state of a page. */
export interface Seen {
  readonly theme: string | undefined;
  /** Fields with their values, and everything that is checked, pressed, selected, expanded or current. */
  readonly controls: readonly string[];
  /** Where grids have their cursor, in words. */
  readonly cells: readonly string[];
  /** What is scrolled, and how far, to two pixels. */
  readonly scrolled: readonly string[];
}

/** The state of the view as it is now. */
export function seenOf(page: Page): Promise<Seen> {
  return page.evaluate(() => {
    const view = document.querySelector('main');
    const all = <T extends HTMLElement = HTMLElement>(selector: string) => [
      ...(view?.querySelectorAll<T>(selector) ?? []),
    ];
    const nameOf = (element: HTMLElement) =>
      (element.getAttribute('aria-label') ?? element.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, 120);
    const STATES = ['checked', 'pressed', 'selected', 'expanded', 'current'];
    const marked = all(STATES.map((state) => `[aria-${state}]`).join()).map((element) => {
      const states = STATES.filter((state) => element.hasAttribute(`aria-${state}`));
      return `${nameOf(element)}: ${states.map((state) => `${state}=${element.getAttribute(`aria-${state}`)}`).join(' ')}`;
    });
    const fields = all<HTMLInputElement>('input, select, textarea').map((field) => {
      const on = field.type === 'checkbox' || field.type === 'radio' ? String(field.checked) : field.value;
      return `${field.name} ${nameOf(field).slice(0, 40)} ${on}`;
    });
    const scrolled = all('*').flatMap((element) => {
      const [left, top] = [element.scrollLeft, element.scrollTop].map((pixels) => Math.round(pixels / 2) * 2);
      return left || top ? [`${element.className || element.tagName}: ${left}, ${top}`] : [];
    });
    return {
      theme: document.documentElement.dataset.theme,
      controls: [...marked, ...fields],
      cells: all('[role=grid] [role=gridcell][id]').map((cell) => cell.textContent ?? ''),
      scrolled,
    };
  });
}
