import { expect, it } from 'vitest';
import { openGpu, withRing } from './device.ts';
import { measureRing } from './measure-ring.ts';
import { RING } from './ring.ts';
import { ringOf } from './ring-memory.ts';

async function open() {
  const gpu = await openGpu(navigator.gpu);
  if (!gpu) throw new Error('This browser gives no WebGPU adapter; rings cannot be measured without one.');
  return gpu;
}

it('measures a ring on a device, stops when its time is over, and keeps the answer for other threads', async () => {
  const gpu = await open();
  // Ten seconds a look at the clock: the first candidate takes all the time there is.
  let now = 0;
  const ring = await measureRing(gpu, () => {
    now += 10_000;
    return now;
  });
  expect(ring).toMatchObject(RING);
  expect(ring.rate).toBeGreaterThan(0);
  const name = `made up ${crypto.randomUUID()}`;
  expect(await ringOf(name, async () => ring)).toEqual(ring);
  const other = new Worker(
    URL.createObjectURL(
      new Blob(
        [
          `indexedDB.open('moe-loom-devices').onsuccess = ({ target }) => {
             target.result.transaction('rings').objectStore('rings').getAll().onsuccess = ({ target }) => postMessage(target.result);
           };`,
        ],
        { type: 'text/javascript' },
      ),
    ),
  );
  const kept = await new Promise((resolve) => {
    other.onmessage = ({ data }) => resolve(data);
  });
  other.terminate();
  expect(kept).toContainEqual({ tileBytes: ring.tileBytes, depth: ring.depth, rate: ring.rate });
  expect(withRing(gpu, { tileBytes: 1 << 20, depth: 2 })).toMatchObject({ limits: { tileBytes: 1 << 20 } });
  gpu.dispose();
});

it('gives the usual ring where a device fails', async () => {
  const gpu = await open();
  gpu.device.destroy();
  await gpu.lost.catch(() => undefined);
  expect(await measureRing(gpu)).toEqual({ ...RING, rate: null });
});
