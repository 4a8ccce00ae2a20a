import react from '@vitejs/plugin-react';
import type { Plugin, UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './e2e/support/longest-first.ts';
import { recordBundled } from './packaging/record.ts';

/** The command line for Node as one file. What it imports is in it, except onnxruntime-web, which `parity` loads if it is installed. */
function commandLine(name: 'cli' | 'hf', output: Output): UserConfig {
  return {
    publicDir: false,
    plugins: [recordBundled(name).main],
    build: {
      ssr: 'src/cli/main.ts',
      outDir: `dist/${name}`,
      target: 'node20',
      emptyOutDir: true,
      // names of functions stay: an internal error prints its stack
      rolldownOptions: { output: { ...output, codeSplitting: false, minify: SMALL } },
    },
    ssr: { noExternal: true, external: ['onnxruntime-web'] },
  };
}

const SMALL = {
  compress: { keepNames: { function: true, class: true } },
  mangle: { toplevel: true, keepNames: true },
  codegen: { removeWhitespace: true },
};

type Output = { readonly entryFileNames: string; readonly format?: 'cjs' };

/** The command line of the npm package, `dist/cli/moe-loom.js`. */
const cli = commandLine('cli', { entryFileNames: 'moe-loom.js' });

/**
 * The extension of the `hf` command, `dist/hf/hf-moe`. `hf extensions install` copies this one file into a folder without
 * package.json: Node takes a file without an extension there as CommonJS.
 */
const hf = commandLine('hf', { entryFileNames: 'hf-moe', format: 'cjs' });

const appModules = recordBundled('app');

/** The app, into `dist/app`: relative addresses alone, so that any static host serves it from any folder. */
const app: UserConfig = {
  base: './',
  plugins: [react(), withoutPolicyInDevelopment(), appModules.main],
  build: {
    outDir: 'dist/app',
    target: 'es2023',
    emptyOutDir: true,
    manifest: true,
    modulePreload: { polyfill: false },
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

/** `vite build` makes the app, `vite build --mode cli` the command line, `vite build --mode hf` the extension of `hf`. */
export default defineConfig(({ mode }) => ({
  ...(mode === 'cli' ? cli : mode === 'hf' ? hf : app),
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
