import type { VitePWAOptions } from 'vite-plugin-pwa';
import { WORKER_FILE } from '../src/cli/serve/removed-worker.ts';

/**
 * What a browser keeps from the first visit: the page, every chunk and worker, and the samples that hold weights. Not the
 * WebAssembly of onnxruntime nor the big sample of headers: those are kept once they were used, see {@link WHEN_USED}.
 */
const FROM_THE_FIRST = ['index.html', 'icon*.{svg,png}', 'assets/*.{js,css}', 'samples/**/*.{json,safetensors}'];
const NOT_AT_FIRST = ['samples/qwen3-235b-a22b.json'];

/** Files of this app that are kept from their first use on: beside the worker's own file, and named in full. */
const WHEN_USED = /\/(assets\/[\w.-]+\.wasm|samples\/qwen3-235b-a22b(\.json|\/headers\.bin))$/;

/** Bytes that a first visit may make a browser keep; a build that holds more fails its test. */
export const MOST_KEPT = 6_000_000;

/**
 * Parameters of the address do not choose the page's file, except these, which are for the server: the link that
 * `moe-loom open` prints, and the question whether the server holds another version.
 */
const FOR_THE_SERVER = /^(?!(token|from-server)$)/;

/**
 * How the service worker is made. It answers for the files above and for nothing else: what it has no rule for goes to the
 * network as if it were not there, so that no answer of a Hub and no token is ever kept. It never takes over by itself:
 * `src/app/state/offline/` asks the reader, and then tells it to.
 */
export function offline(): Partial<VitePWAOptions> {
  return {
    strategies: 'generateSW',
    registerType: 'prompt',
    injectRegister: false,
    filename: WORKER_FILE,
    scope: './',
    includeManifestIcons: false,
    manifest: {
      id: './',
      name: 'moe-loom',
      short_name: 'moe-loom',
      description:
        'See how a mixture-of-experts checkpoint stores its experts, convert it, and prove the result equal.',
      start_url: './',
      scope: './',
      display: 'standalone',
      background_color: '#ffffff',
      theme_color: '#ffffff',
      icons: [
        { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml' },
        { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
        { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
      ],
    },
    workbox: {
      globPatterns: FROM_THE_FIRST,
      globIgnores: NOT_AT_FIRST,
      dontCacheBustURLsMatching: /^assets\//,
      ignoreURLParametersMatching: [FOR_THE_SERVER],
      // A page that is open when the first worker arrives is of the same version, so its late parts are those that are kept.
      clientsClaim: true,
      cleanupOutdatedCaches: true,
      inlineWorkboxRuntime: true,
      sourcemap: false,
      // Only the folder itself and index.html are pages of the app.
      navigateFallback: null,
      runtimeCaching: [
        {
          urlPattern: WHEN_USED,
          handler: 'CacheFirst',
          options: { cacheName: 'moe-loom-used', expiration: { maxEntries: 4 } },
        },
      ],
    },
  };
}
