// While it is installed: the worker before it may be busy for long, and is not waited for.
self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(end());
});
self.addEventListener('activate', (event) => event.waitUntil(end()));

async function end() {
  const names = await caches.keys();
  const ours = names.filter((name) => name === 'moe-loom-used' || name.endsWith(self.registration.scope));
  await Promise.all(ours.map((name) => caches.delete(name)));
  await self.registration.unregister();
}
