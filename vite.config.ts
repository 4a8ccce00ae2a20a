import react from '@vitejs/plugin-react';
import type { Plugin, UserConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';
import { offline } from './deploy/offline.ts';
import { LongestFirst } from './e2e/support/longest-first.ts';

/** The command line for Node, into `dist/cli`. */
const cli: UserConfig = {
  publicDir: false,
  build: {
    ssr: 'src/cli/main.ts',
    outDir: 'dist/cli',
    target: 'node20',
    emptyOutDir: true,
    rollupOptions: { output: { entryFileNames: 'moe-loom.js' } },
  },
  // its WebAssembly file lies beside its code, where the package manager puts it
  ssr: { noExternal: true, external: ['onnxruntime-web'] },
};

/** What the built page names: its file name changes with every version, which `src/app/state/version.ts` asks for. */
const ENTRY = /\/(index\.html|src\/app\/main\.tsx)$/;

/** The app, into `dist/app`: relative addresses alone, so that any static host serves it from any folder. */
const app: UserConfig = {
  base: './',
  plugins: [react(), withoutPolicyInDevelopment(), VitePWA(offline())],
  build: {
    outDir: 'dist/app',
    target: 'es2023',
    emptyOutDir: true,
    manifest: true,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // All that the first page needs is one file beside the entry, not one for each set of later parts that share it.
            { name: 'first', tags: ['$initial'], test: (id) => !ENTRY.test(id), priority: 2 },
            // Nearly every later part asks the worker: one file, named once in the list of what each part needs.
            { name: 'queries', test: /@tanstack\/(query-core|react-query)|src\/app\/queries\//, priority: 1 },
          ],
        },
      },
    },
  },
  worker: { format: 'es' },
  // it finds its WebAssembly file beside its own code
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  preview: { port: 4173 },
};

/** Hot reloading needs inline scripts, which the page's Content-Security-Policy forbids. */
function withoutPolicyInDevelopment(): Plugin {
  return {
    name: 'without-policy-in-development',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ''),
  };
}

/** `vite build` makes the app, `vite build --mode cli` the command line. */
export default defineConfig(({ mode }) => ({
  ...(mode === 'cli' ? cli : app),
  test: {
    // One less than there are cores, the usual, leaves half of a small machine idle.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          testTimeout: 30_000,
          // The core holds no state but caches: what one file imported serves the next.
          isolate: false,
          include: ['src/**/*.test.ts', 'workers/**/*.test.ts', 'e2e/support/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
        },
      },
      './vitest.browser.config.ts',
    ],
  },
}));
