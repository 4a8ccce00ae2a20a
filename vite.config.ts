import { defineConfig } from 'vitest/config';

/** `--mode cli` builds the command line for Node into `dist/cli`. */
export default defineConfig({
  publicDir: false,
  build: {
    ssr: 'src/cli/main.ts',
    outDir: 'dist/cli',
    target: 'node20',
    emptyOutDir: true,
    rollupOptions: { output: { entryFileNames: 'moe-loom.js' } },
  },
  ssr: { noExternal: true },
  test: {
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['src/**/*.test.ts', 'e2e/support/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
        },
      },
      './vitest.browser.config.ts',
    ],
  },
});
