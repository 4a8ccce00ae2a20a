import { afterEach, describe, expect, it, vi } from 'vitest';
import { assertWritable, canPickFolder, type PickedFolder, pickFolder } from './output-folder.ts';

const SOURCE = { kind: 'files', name: 'm', files: [] } as const;
const folder = (names: readonly string[], more: Partial<PickedFolder> = {}) =>
  ({
    name: 'out',
    keys: async function* () {
      yield* names;
    },
    ...more,
  }) as unknown as PickedFolder;

afterEach(() => vi.unstubAllGlobals());

describe('picking a folder', () => {
  it('is offered only where there is a picker', () => {
    expect(canPickFolder()).toBe(false);
    vi.stubGlobal('showDirectoryPicker', async () => folder([]));
    expect(canPickFolder()).toBe(true);
  });

  it('gives null when a person picks none', async () => {
    vi.stubGlobal('showDirectoryPicker', () => Promise.reject(new DOMException('The user aborted.', 'AbortError')));
    expect(await pickFolder(SOURCE)).toBeNull();
  });

  it('refuses folders with files in them, and the source', async () => {
    vi.stubGlobal('showDirectoryPicker', async () => folder(['.DS_Store', 'mine.txt']));
    await expect(pickFolder(SOURCE)).rejects.toMatchObject({ tag: 'output-not-empty' });
    vi.stubGlobal('showDirectoryPicker', async () => folder([]));
    const handle = folder([], { resolve: async () => [] } as unknown as PickedFolder);
    await expect(pickFolder({ kind: 'directory', handle })).rejects.toMatchObject({ tag: 'output-inside-source' });
  });
});

describe('asking for permission', () => {
  const ask = (requestPermission: () => Promise<PermissionState>) =>
    folder([], { queryPermission: async () => 'prompt', requestPermission });

  it('does not ask when it has it, or where there is nothing to ask', async () => {
    await assertWritable(folder([]));
    await assertWritable(
      folder([], {
        queryPermission: async () => 'granted',
        requestPermission: () => Promise.reject(new Error('asked')),
      }),
    );
  });

  it('takes a no for an answer, and silence for one after a while', async () => {
    await assertWritable(ask(async () => 'granted'));
    await expect(assertWritable(ask(async () => 'denied'))).rejects.toMatchObject({ tag: 'permission-lost' });
    await expect(
      assertWritable(
        ask(() => new Promise(() => {})),
        20,
      ),
    ).rejects.toThrow(/no answer came/);
  });
});
