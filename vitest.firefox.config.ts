import { defineConfig } from 'vitest/config';

/** The built app in a Firefox of this machine: Playwright cannot drive one that it did not build. */
export default defineConfig({
  publicDir: false,
  test: {
    name: 'firefox',
    environment: 'node',
    include: ['e2e/firefox/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
