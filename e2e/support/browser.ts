import { existsSync } from 'node:fs';
import { getuid } from 'node:process';

/** Flags for every Chromium that tests start: nothing phones home, and WebGPU exists without a graphics card. */
const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--enable-unsafe-webgpu',
];

/** Where a browser may be named, in this order. */
const VARIABLES = ['CHROMIUM_PATH', 'PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH'];
const SYSTEM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** The same engine without the parts of a window: tests take a quarter less time in it. */
const SHELL = '/usr/bin/chromium-headless-shell';

/** How tests start Chromium; without `executablePath` Playwright uses its own. */
export interface BrowserLaunch {
  readonly executablePath?: string;
  readonly args: readonly string[];
}

/**
 * Finds a Chromium: the one an environment variable names, `own` (Playwright's, where it is installed), then the system's.
 * When there is none, starting it fails with Playwright's own advice on how to install one.
 *
 * `whole`: the browser that people use, for what is measured; tests take the system's headless shell where there is one.
 *
 * @throws Error when an environment variable names a file that is not there.
 */
export function findBrowser(own: string | null = null, whole = false): BrowserLaunch {
  const args = getuid?.() === 0 ? ['--no-sandbox', ...FLAGS] : FLAGS;
  for (const variable of VARIABLES) {
    const path = process.env[variable];
    if (path === undefined || path === '') continue;
    if (!existsSync(path)) throw new Error(`${variable} names ${path}, which does not exist.`);
    return { executablePath: path, args };
  }
  if (own !== null && existsSync(own)) return { args };
  const executablePath = [...(whole ? [] : [SHELL]), ...SYSTEM_PATHS].find((path) => existsSync(path));
  return executablePath === undefined ? { args } : { executablePath, args };
}
