import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFlusher } from './flusher.ts';

type Movable = FileSystemFileHandle & { move(name: string): Promise<void> };

let folder: FileSystemDirectoryHandle;
beforeEach(async () => {
  folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('flushed', { create: true });
});
afterEach(async () => {
  await expect
    .poll(async () =>
      (await navigator.storage.getDirectory()).removeEntry('flushed', { recursive: true }).then(
        () => 'gone',
        (error: Error) => error.name,
      ),
    )
    .toBe('gone');
});

const file = async (name: string) => (await folder.getFileHandle(name, { create: true })) as Movable;
const move = (handle: Movable, name: string) =>
  handle.move(name).then(
    () => 'moved',
    (error: Error) => error.name,
  );

it('holds files that are opened at once each for itself, and lets each go when it is closed', async () => {
  const flusher = createFlusher();
  const [one, two] = [await file('one'), await file('two')];
  const [first, second] = await Promise.all([flusher(one), flusher(two)]);
  if (!first || !second) throw new Error('the browser opens no file');
  await Promise.all([first.flush(), second.flush()]);
  expect(await move(one, 'moved one')).toBe('NoModificationAllowedError');
  await first.close();
  await expect.poll(() => move(one, 'moved one')).toBe('moved');
  expect(await move(two, 'moved two')).toBe('NoModificationAllowedError');
  await second.flush();
  await second.close();
  await expect.poll(() => move(two, 'moved two')).toBe('moved');
});

it('says that a file cannot be opened which somebody holds for himself', async () => {
  const flusher = createFlusher();
  const handle = await file('held');
  const writer = await handle.createWritable({ keepExistingData: true });
  expect(await flusher(handle)).toBe(null);
  await writer.abort();
});
