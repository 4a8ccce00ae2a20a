/** The file of the built app's service worker, beside its page. */
export const WORKER_FILE = 'sw.js';

/**
 * A service worker that ends the one before it at the same address: it deletes what that one kept and unregisters. Pages
 * that are open are loaded again from the server where `reload` says so.
 */
export function removedWorker(reload: boolean): string {
  const pages = reload
    ? [
        "  const pages = await self.clients.matchAll({ type: 'window' });",
        '  await Promise.all(pages.map((page) => page.navigate(page.url).catch(() => null)));',
      ]
    : [];
  return [
    '// While it is installed: the worker before it may be busy for long, and is not waited for.',
    "self.addEventListener('install', (event) => {",
    '  self.skipWaiting();',
    '  event.waitUntil(end());',
    '});',
    "self.addEventListener('activate', (event) => event.waitUntil(end()));",
    '',
    'async function end() {',
    '  const names = await caches.keys();',
    "  const ours = names.filter((name) => name === 'moe-loom-used' || name.endsWith(self.registration.scope));",
    '  await Promise.all(ours.map((name) => caches.delete(name)));',
    '  await self.registration.unregister();',
    ...pages,
    '}',
    '',
  ].join('\n');
}
