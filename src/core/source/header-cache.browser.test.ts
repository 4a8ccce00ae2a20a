import { afterEach, expect, it } from 'vitest';
import { browserHeaderCache } from './header-cache-idb.ts';

const NAME = 'headers-of-a-test';
let time = 0;
const open = (limit?: number) => browserHeaderCache({ name: NAME, limit, now: () => ++time }) ?? never();
const never = () => {
  throw new Error('there is no IndexedDB');
};

afterEach(
  () =>
    new Promise<void>((resolve) => {
      const request = indexedDB.deleteDatabase(NAME);
      request.onsuccess = () => resolve();
      request.onerror = () => resolve();
    }),
);

it('keeps bytes from one opening to the next, and copies them', async () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  await open().put('sha256:a', bytes);
  const again = open();
  expect(await again.get('sha256:a')).toEqual(new Uint8Array([2, 3]));
  expect(await again.get('sha256:b')).toBeNull();
  await again.remove('sha256:a');
  expect(await open().get('sha256:a')).toBeNull();
});

it('lets the oldest leave when it is full, and keeps nothing that is larger than all of it', async () => {
  const cache = open(1000);
  for (let i = 0; i < 10; i++) await cache.put(`k${i}`, new Uint8Array(150));
  expect(await cache.get('k0')).toBeNull();
  expect(await cache.get('k9')).not.toBeNull();
  let left = 0;
  for (let i = 0; i < 10; i++) if (await cache.get(`k${i}`)) left++;
  expect(left).toBeGreaterThanOrEqual(5);
  expect(left).toBeLessThanOrEqual(6);
  await cache.put('giant', new Uint8Array(1001));
  expect(await cache.get('giant')).toBeNull();
});

it('removes an entry whose bytes have changed', async () => {
  const cache = open();
  await cache.put('k', new Uint8Array([1, 2, 3]));
  await damage('k');
  expect(await cache.get('k')).toBeNull();
  expect(await read('k')).toBeUndefined();
});

function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME);
    request.onsuccess = () => {
      const db = request.result;
      db.onversionchange = () => db.close();
      resolve(db.transaction('headers', mode).objectStore('headers'));
    };
    request.onerror = () => reject(request.error);
  });
}

async function read(key: string): Promise<Record<string, unknown> | undefined> {
  const request = (await store('readonly')).get(key);
  return new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
}

async function damage(key: string): Promise<void> {
  const entry = await read(key);
  const request = (await store('readwrite')).put({ ...entry, bytes: new Uint8Array([1, 9, 3]) });
  await new Promise<void>((resolve) => {
    request.onsuccess = () => resolve();
  });
}
