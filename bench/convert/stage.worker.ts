/**
 * One stage of a conversion in the browser, alone: reads the files it is given through the app's own source and drops what
 * comes, or writes as many bytes through its own sink, which a worker of this one flushes.
 */
import { openOpfsFolder, type SecondAccess } from '../../src/core/sink/opfs.ts';
import { blobFiles } from '../../src/core/source/blob.ts';
import { openSyncAccess, type SyncAccess } from '../../src/core/source/sync-access.ts';
import { MIB } from '../../src/core/units.ts';

export type StageOrder =
  | { readonly stage: 'read'; readonly files: readonly File[] }
  | { readonly stage: 'write'; readonly name: string; readonly byteLength: number }
  | { readonly stage: 'open'; readonly handle: FileSystemFileHandle }
  | { readonly stage: 'flush' | 'close' };

/** As a conversion: units of this size, so many at once. */
const UNIT_BYTES = 16 * MIB;
const AT_ONCE = 3;

async function readAll(files: readonly File[]): Promise<void> {
  const set = blobFiles(
    'bench',
    files.map((file) => ({ path: file.name, file })),
  );
  for (const { name, byteLength } of await set.list()) {
    const source = await set.open(name);
    let next = 0;
    const reader = async () => {
      const into = new Uint8Array(UNIT_BYTES);
      for (let start = next; start < byteLength; start = next) {
        next = start + UNIT_BYTES;
        await source.read({ start, end: Math.min(byteLength, next) }, { into });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, reader));
  }
}

async function writeAll(name: string, byteLength: number): Promise<void> {
  const folder = await openOpfsFolder('bench', openSecond);
  const file = await folder.create(name, byteLength);
  const bytes = new Uint8Array(UNIT_BYTES).fill(7);
  for (let at = 0; at < byteLength; at += UNIT_BYTES)
    await file.write(bytes.subarray(0, Math.min(UNIT_BYTES, byteLength - at)), at);
  await file.commit();
}

/** The same file in another worker, which flushes it when it is told to. */
async function openSecond(handle: FileSystemFileHandle): Promise<SecondAccess> {
  const worker = new Worker(self.location.href, { type: 'module' });
  const order = (message: StageOrder) =>
    new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }) => (data === 'done' ? resolve() : reject(new Error(data)));
      worker.postMessage(message);
    });
  await order({ stage: 'open', handle });
  return { flush: () => order({ stage: 'flush' }), close: () => order({ stage: 'close' }) };
}

let access: SyncAccess | null = null;

async function follow(order: StageOrder): Promise<void> {
  if (order.stage === 'read') await readAll(order.files);
  else if (order.stage === 'write') await writeAll(order.name, order.byteLength);
  else if (order.stage === 'open') access = await openSyncAccess(order.handle, 'share');
  else access?.[order.stage]();
}

addEventListener('message', ({ data }: MessageEvent<StageOrder>) => {
  follow(data).then(
    () => postMessage('done'),
    (error: unknown) => postMessage(String(error)),
  );
});
