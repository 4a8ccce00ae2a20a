import { isLoomError } from '../errors.ts';
import { openSyncAccess } from '../source/sync-access.ts';
import { MIB } from '../units.ts';
import type { Movable } from './directory.ts';
import { createOpfsSink, type Flusher } from './opfs.ts';
import { listJobs, openHome } from './opfs-jobs.ts';
import { tryOpfs } from './opfs-trial.ts';

function bytes(length: number, from = 0): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(length);
  for (let index = 0; index < length; index++) made[index] = (from + index) % 251;
  return made;
}

const SCENARIOS: Readonly<Record<string, (job: string) => Promise<unknown>>> = {
  async writesOutOfOrder(job) {
    const sink = await createOpfsSink(job);
    const file = await sink.create('model.safetensors', 10);
    await file.write(bytes(4, 6), 6);
    await file.write(bytes(6), 0);
    const before = await sink.files().list();
    await file.commit();
    const source = await sink.files().open('model.safetensors');
    const read = await source.read({ start: 2, end: 9 }, { into: new Uint8Array(16) });
    await source.dispose?.();
    return { before, after: await sink.files().list(), read: [...read], names: await namesIn(job) };
  },
  async refusesShortFile(job) {
    const sink = await createOpfsSink(job);
    const file = await sink.create('a.bin', 10);
    await file.write(bytes(4), 0);
    return tagOf(file.commit()).finally(() => sink.discard());
  },
  async writesIntoFolders(job) {
    const sink = await createOpfsSink(job);
    const file = await sink.create('extra/deep/a.json', 2);
    await file.write(bytes(2), 0);
    await file.commit();
    return sink.files().list();
  },
  async refusesBadNames(job) {
    const sink = await createOpfsSink(job);
    const outside = await tagOf(sink.create('../a', 1));
    const file = await sink.create('a', 0);
    await file.commit();
    return { outside, taken: await tagOf(sink.create('a', 1)) };
  },
  async fullDisk(job) {
    const sink = await createOpfsSink(job);
    const original = FileSystemSyncAccessHandle.prototype.truncate;
    FileSystemSyncAccessHandle.prototype.truncate = () => {
      throw new DOMException('No capacity.', 'QuotaExceededError');
    };
    const tag = await tagOf(sink.create('huge', 100));
    FileSystemSyncAccessHandle.prototype.truncate = original;
    const names = await namesIn(job);
    await sink.discard();
    return { tag, names };
  },
  async shortWrite(job) {
    const sink = await createOpfsSink(job);
    const file = await sink.create('a', 8);
    const original = FileSystemSyncAccessHandle.prototype.write;
    FileSystemSyncAccessHandle.prototype.write = () => 3;
    const tag = await tagOf(file.write(bytes(8), 0));
    FileSystemSyncAccessHandle.prototype.write = original;
    await sink.discard();
    return tag;
  },
  /** A browser that neither throws nor grows the file: Chromium in a private window. */
  async silentlyFull(job) {
    const sink = await createOpfsSink(job);
    const original = FileSystemSyncAccessHandle.prototype.truncate;
    FileSystemSyncAccessHandle.prototype.truncate = function (size) {
      if (size <= 31) original.call(this, size);
    };
    const error = await errorOf(sink.create('huge', 100));
    FileSystemSyncAccessHandle.prototype.truncate = original;
    const names = await namesIn(job);
    await sink.discard();
    return { error, names };
  },
  async errorForLength(job) {
    const sink = await createOpfsSink(job);
    const file = await sink.create('a', 80);
    const original = FileSystemSyncAccessHandle.prototype.write;
    FileSystemSyncAccessHandle.prototype.write = () => 2 ** 32 - 8;
    const error = await errorOf(file.write(bytes(8), 40));
    FileSystemSyncAccessHandle.prototype.write = original;
    await sink.discard();
    return error;
  },
  async tries() {
    const works = await tryOpfs();
    const left = await entriesAtHome();
    const { getDirectory } = StorageManager.prototype;
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('No.', 'SecurityError'));
    const refused = await tryOpfs();
    StorageManager.prototype.getDirectory = getDirectory;
    const { write } = FileSystemSyncAccessHandle.prototype;
    FileSystemSyncAccessHandle.prototype.write = () => 0;
    const full = await tryOpfs();
    FileSystemSyncAccessHandle.prototype.write = write;
    return { works, left, refused: refused?.tag, full: full?.tag, leftAfter: await entriesAtHome() };
  },
  async discards(job) {
    const sink = await createOpfsSink(job);
    const done = await sink.create('done', 1);
    await done.write(bytes(1), 0);
    await done.commit();
    const open = await sink.create('sub/open', 5);
    await open.write(bytes(2), 0);
    const during = (await listJobs()).map((entry) => entry.job);
    await sink.discard();
    return { during, after: (await listJobs()).map((entry) => entry.job) };
  },
  async flushesBeside(job) {
    const calls: string[] = [];
    const sink = await createOpfsSink(job, {
      flusher: async (handle) => {
        const second = await openSyncAccess(handle, 'share');
        calls.push('open');
        return {
          flush: async () => {
            second?.flush();
            calls.push(`flush at ${second?.getSize()}`);
          },
          close: async () => {
            second?.close();
            calls.push('close');
          },
        };
      },
    });
    const piece = bytes(32 * MIB);
    const large = await sink.create('large', 5 * piece.length);
    for (let at = 0; at < 5; at++) await large.write(piece, at * piece.length);
    await large.commit();
    const small = await sink.create('small', 3);
    await small.write(bytes(3), 0);
    await small.commit();
    const source = await sink.files().open('large');
    const end = await source.read({ start: 5 * piece.length - 3, end: 5 * piece.length });
    await source.dispose?.();
    await sink.discard();
    return { calls, end: [...end], wanted: [...piece.subarray(-3)] };
  },
  async freedLater(job) {
    const second = { open: 0, refused: 0 };
    const flusher: Flusher = async (handle) => {
      const access = await openSyncAccess(handle, 'share');
      second.open++;
      return {
        flush: async () => access?.flush(),
        // As from another worker: the lock is still there when this is done.
        close: async () => {
          setTimeout(() => {
            access?.close();
            second.open--;
          }, 100);
        },
      };
    };
    const sink = await createOpfsSink(job, { flusher });
    const content = new Uint8Array(129 * MIB);
    const write = async (name: string) => {
      const file = await sink.create(name, content.length);
      await file.write(content, 0);
      return file;
    };
    const prototype = FileSystemFileHandle.prototype as unknown as Movable;
    const move = prototype.move;
    prototype.move = async function (name) {
      await move?.call(this, name).catch((cause: unknown) => {
        second.refused++;
        throw cause;
      });
    };
    await (await write('kept')).commit();
    prototype.move = move as NonNullable<typeof move>;
    const atCommit = second.open;
    await (await write('given up')).abort();
    return { refused: second.refused > 0, open: [atCommit, second.open], names: await namesIn(job) };
  },
  async failsToFlush(job) {
    const sink = await createOpfsSink(job, {
      flusher: async () => ({
        flush: () => Promise.reject(new DOMException('No capacity.', 'QuotaExceededError')),
        close: async () => {},
      }),
    });
    const content = new Uint8Array(129 * MIB);
    const file = await sink.create('large', content.length);
    await file.write(content, 0);
    const tag = await tagOf(file.commit());
    await sink.discard();
    return { tag, names: await namesIn(job) };
  },
  async withoutMove(job) {
    const prototype = FileSystemFileHandle.prototype as unknown as { move?: unknown };
    const move = prototype.move;
    delete prototype.move;
    const sink = await createOpfsSink(job);
    const file = await sink.create('sub/a', 2);
    await file.write(bytes(2), 0);
    const during = await sink.files().list();
    await file.commit();
    const aborted = await sink.create('b', 2);
    await aborted.abort();
    prototype.move = move;
    return { during, after: await sink.files().list(), names: await namesIn(job) };
  },
};

async function namesIn(job: string): Promise<string[]> {
  return (await listJobs())
    .filter((entry) => entry.job === job)
    .flatMap((entry) => entry.files.map((file) => file.name));
}

async function entriesAtHome(): Promise<string[]> {
  const names: string[] = [];
  for await (const name of (await openHome(true)).keys()) names.push(name);
  return names;
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (isLoomError(error) ? { tag: error.tag, message: error.message, ...error.fields } : error),
  );
}

async function tagOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (isLoomError(error) ? error.tag : String(error)),
  );
}

addEventListener('message', (event: MessageEvent<{ scenario: string; job: string }>) => {
  const { scenario, job } = event.data;
  const run = SCENARIOS[scenario] ?? (async () => `no scenario ${scenario}`);
  run(job).then(
    (answer) => postMessage({ answer }),
    (error: unknown) => postMessage({ answer: String(error) }),
  );
});
