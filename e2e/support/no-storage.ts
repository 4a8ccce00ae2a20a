import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';

/** For a page or a worker, before it runs: storage that has its calls and refuses them, as in a private window. */
const REFUSE = `(() => {
  const refused = () => new DOMException('The operation is insecure.', 'SecurityError');
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
    if (name in globalThis) Object.defineProperty(globalThis, name, { get: () => { throw refused(); } });
  }
  // A frame's first, empty document has none.
  if (typeof StorageManager === 'undefined') return;
  for (const name of ['getDirectory', 'estimate', 'persist', 'persisted']) {
    StorageManager.prototype[name] = () => Promise.reject(refused());
  }
})();\n`;

/** Takes storage from this page, in every frame of it; its workers are those of {@link refuseInWorkers}. */
export async function refuseStorage(page: Page): Promise<void> {
  await page.addInitScript(REFUSE);
}

/** Takes storage from the workers of a built app. */
export function refuseInWorkers(assets: string): void {
  for (const name of readdirSync(assets).filter((file) => /\.worker-[\w-]+\.js$/.test(file))) {
    const path = join(assets, name);
    writeFileSync(path, REFUSE + readFileSync(path, 'utf8'));
  }
}

/** Runs a script in every worker of the built app, before the worker's own. */
export async function inWorkers(page: Page, script: string): Promise<void> {
  await page.route(/\.worker-[\w-]+\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${script}\n${await response.text()}` });
  });
}
