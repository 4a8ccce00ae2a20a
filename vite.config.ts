import react from '@vitejs/plugin-react';
import type { Plugin, UserConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';
import { offline } from './deploy/offline.ts';
import { LongestFirst } from './e2e/support/longest-first.ts';
import { emptied, isElement, libraryEntries } from './packaging/library.ts';
import { recordBundled } from './packaging/record.ts';

/** Where the npm package has its library: entries, and the chunks that they and the command line share. */
const LIBRARY = { entries: 'lib/[name].js', chunks: 'lib/shared/[name].js' };

/**
 * The npm package for Node: the command line, and the library, whose code the command line imports. What they import is in
 * them, except onnxruntime-web, which `parity` loads if it is installed.
 */
const cli: UserConfig = {
  publicDir: false,
  plugins: [recordBundled('cli').main, emptied('dist/cli', 'dist/lib')],
  build: {
    ssr: true,
    outDir: 'dist',
    target: 'node20',
    emptyOutDir: false,
    rolldownOptions: {
      input: { 'moe-loom': 'src/cli/main.ts', ...libraryEntries() },
      output: {
        entryFileNames: ({ name }) => (name === 'moe-loom' ? 'cli/moe-loom.js' : LIBRARY.entries),
        chunkFileNames: LIBRARY.chunks,
        minify: smallest(),
      },
    },
  },
  ssr: { noExternal: true, external: ['onnxruntime-web'] },
};

/** Small code that keeps the names of functions: an internal error prints its stack. */
function smallest() {
  return {
    compress: { keepNames: { function: true, class: true } },
    mangle: { toplevel: true, keepNames: true },
    codegen: { removeWhitespace: true },
  };
}

/**
 * The extension of the `hf` command, `dist/hf/hf-moe`: the command line as one file. `hf extensions install` copies it into a
 * folder without package.json: Node takes a file without an extension there as CommonJS.
 */
const hf: UserConfig = {
  publicDir: false,
  plugins: [recordBundled('hf').main],
  build: {
    ssr: 'src/cli/main.ts',
    outDir: 'dist/hf',
    target: 'node20',
    emptyOutDir: true,
    rolldownOptions: { output: { entryFileNames: 'hf-moe', format: 'cjs', codeSplitting: false, minify: smallest() } },
  },
  ssr: { noExternal: true, external: ['onnxruntime-web'] },
};

/** A custom element as one file that imports nothing: a page can copy it, or take it from a CDN. */
function customElement(name: string): UserConfig {
  return {
    publicDir: false,
    plugins: [recordBundled(name).main],
    build: {
      outDir: 'dist/elements',
      target: 'es2023',
      emptyOutDir: false,
      modulePreload: { polyfill: false },
      lib: { entry: `src/elements/${name}.ts`, formats: ['es'], fileName: () => `${name}.js` },
      rolldownOptions: { output: { codeSplitting: false, minify: true } },
    },
  };
}

const appModules = recordBundled('app');

/** What the built page names: its file name changes with every version, which `src/app/state/version.ts` asks for. */
const ENTRY = /\/(index\.html|src\/app\/main\.tsx)$/;

/** What later parts share. The first page imports nothing of it, though the core's index leads to the units. */
const LATER =
  /@tanstack\/(query-core|react-query)|src\/app\/(queries\/(?!with-)|checkpoint\/|state\/(pins|selection)\.|parts\/(ask-first|broken-name|copy-button|numbers|reading-cost|rich-text|save-blob|set-style|use-narrow)\.)|src\/core\/units\.ts$/;

/** The app, into `dist/app`: relative addresses alone, so that any static host serves it from any folder. */
const app: UserConfig = {
  base: './',
  plugins: [react(), withoutPolicyInDevelopment(), appModules.main, VitePWA(offline())],
  build: {
    outDir: 'dist/app',
    target: 'es2023',
    emptyOutDir: true,
    manifest: true,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // The first page names nearly all of them.
        chunkFileNames: 'assets/[name]-[hash:7].js',
        assetFileNames: 'assets/[name]-[hash:7][extname]',
        codeSplitting: {
          groups: [
            // All that the first page needs is one file beside the entry, not one for each set of later parts that share it.
            { name: 'first', tags: ['$initial'], test: (id) => !ENTRY.test(id) && !LATER.test(id), priority: 2 },
            // Nearly every later part asks the worker and writes sizes: one file, named once in the list of what each needs.
            { name: 'queries', test: LATER, priority: 1, includeDependenciesRecursively: false },
          ],
        },
      },
    },
  },
  worker: { format: 'es', plugins: () => [appModules.workers] },
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

/**
 * `vite build` makes the app, `vite build --mode cli` the command line and the library, `vite build --mode hf` the extension
 * of `hf`, and the name of a custom element as the mode makes that element.
 */
export default defineConfig(({ mode }) => ({
  ...(mode === 'cli' ? cli : mode === 'hf' ? hf : isElement(mode) ? customElement(mode) : app),
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
          include: ['{src,workers,e2e/support,bench,packaging}/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
        },
      },
      './vitest.browser.config.ts',
    ],
  },
}));
