import { chromium, defineConfig } from '@playwright/test';
import { findBrowser } from './e2e/support/browser.ts';

/** One port for the whole run: workers inherit the environment of the process that chose it. */
process.env.E2E_PORT ??= String(21_000 + (process.pid % 20_000));
const address = `http://127.0.0.1:${process.env.E2E_PORT}/`;
const { executablePath, args } = findBrowser(chromium.executablePath());

/** One spec a user promise, against the built app and the fixture Hub; nothing leaves this machine. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  timeout: 90_000,
  // On a machine of two busy cores a model of 36,945 tensors takes its time.
  expect: { timeout: 30_000 },
  fullyParallel: true,
  workers: 2,
  retries: 0,
  reporter: [['list']],
  forbidOnly: process.env.CI !== undefined,
  use: {
    baseURL: address,
    viewport: { width: 1280, height: 800 },
    // A spec that wants one asks for it: pages that are routed or counted must come from the server.
    serviceWorkers: 'block',
    launchOptions: { ...(executablePath === undefined ? {} : { executablePath }), args: [...args] },
  },
  webServer: {
    command: `npx vite preview --host 127.0.0.1 --port ${process.env.E2E_PORT} --strictPort`,
    url: address,
    reuseExistingServer: false,
    timeout: 60_000,
  },
});
