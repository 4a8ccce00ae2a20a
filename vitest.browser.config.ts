import { chromium } from '@playwright/test';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { findBrowser } from './e2e/support/browser.ts';
import { bundledWorkers } from './e2e/support/bundled-workers.ts';

const { args, executablePath } = findBrowser(chromium.executablePath());

/** Tests that need a real browser: its storage, its files, its workers. */
export default defineConfig({
  publicDir: false,
  plugins: [bundledWorkers()],
  optimizeDeps: { include: ['comlink', 'hash-wasm', 'idb', 'valibot'] },
  test: {
    name: 'browser',
    include: ['{src,workers}/**/*.browser.test.ts'],
    testTimeout: 20_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { args: [...args], ...(executablePath ? { executablePath } : {}) } }),
      instances: [{ browser: 'chromium' }],
    },
  },
});
