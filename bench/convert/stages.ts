import { readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { build } from 'vite';
import { withBrowser } from './chromium.ts';
import type { StageOrder } from './stage.worker.ts';

const WORKER = fileURLToPath(new URL('./stage.worker.ts', import.meta.url));

/** The stage worker as one script. */
async function buildWorker(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, lib: { entry: WORKER, formats: ['es'], fileName: 'stage' } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (!output || !('output' in output)) throw new Error('the stage worker was not built');
  return output.output[0].code;
}

/** Serves a page with a file input, and the worker beside it. */
async function serveStages() {
  const code = await buildWorker();
  const server = createServer(({ url }, response) => {
    const script = url === '/stage.js';
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
    response.end(script ? code : '<input type="file" multiple aria-label="files">');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/** Runs a stage in as many workers as a conversion has runners; gives seconds. */
function runStage(page: Page, stage: StageOrder['stage'], byteLength: number, workers: number): Promise<number> {
  return page.evaluate(
    async ({ stage, byteLength, workers }) => {
      const files = [...(document.querySelector('input')?.files ?? [])];
      const started = performance.now();
      await Promise.all(
        Array.from(
          { length: workers },
          (_, index) =>
            new Promise<void>((resolve, reject) => {
              const worker = new Worker('/stage.js', { type: 'module' });
              worker.onerror = (event) => reject(new Error(event.message));
              worker.onmessage = ({ data }) => (data === 'done' ? resolve() : reject(new Error(data)));
              const mine = files.filter((_, number) => number % workers === index);
              const part = { stage, name: `f${index}`, byteLength: Math.ceil(byteLength / workers) };
              worker.postMessage(stage === 'read' ? { stage, files: mine } : part);
            }),
        ),
      );
      return (performance.now() - started) / 1000;
    },
    { stage, byteLength, workers },
  );
}

/**
 * What the browser takes for the two ends of a conversion, each alone: to read the shards of a folder through the app's own
 * source, and to write and flush as many bytes. Both are work of the same processors, so a conversion cannot be faster than
 * about their sum where they already keep all of them busy.
 */
export async function stagesInChromium(folder: string, source: string) {
  const shards = readdirSync(source).filter((name) => name.endsWith('.safetensors'));
  const paths = shards.map((name) => join(source, name));
  const byteLength = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const workers = Math.min(availableParallelism(), paths.length);
  const { url, close } = await serveStages();
  try {
    return await withBrowser(folder, async (page) => {
      await page.goto(url);
      await page.getByLabel('files').setInputFiles(paths);
      return {
        reading_seconds: await runStage(page, 'read', byteLength, workers),
        writing_seconds: await runStage(page, 'write', byteLength, workers),
      };
    });
  } finally {
    close();
  }
}
