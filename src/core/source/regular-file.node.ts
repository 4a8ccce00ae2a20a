import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { LoomError } from '../errors.ts';

/** Opening a named pipe to read waits for a writer, perhaps for ever, unless this is asked for; files do not heed it. */
const NO_WAIT = constants.O_NONBLOCK ?? 0;

type Kinds = Pick<
  Stats,
  'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice' | 'isSymbolicLink'
>;

/** What something under a file's name is; null for a file. */
export function otherKind(info: Kinds): string | null {
  if (info.isFile()) return null;
  if (info.isDirectory()) return 'a folder';
  if (info.isFIFO()) return 'a named pipe (FIFO)';
  if (info.isSocket()) return 'a socket';
  if (info.isCharacterDevice() || info.isBlockDevice()) return 'a device';
  return info.isSymbolicLink() ? 'a link' : 'something else';
}

/** The error for what has a file's name and is none. */
export function notAFile(name: string, kind: string): LoomError {
  return new LoomError('not-a-file', `${name} is ${kind}, not a file. Put the file itself in its place.`, {
    file: name,
  });
}

/** Throws for what is no file; `name` is what messages call it. @throws LoomError `not-a-file`. */
export function assertFile(info: Kinds, name: string): void {
  const kind = otherKind(info);
  if (kind !== null) throw notAFile(name, kind);
}

/** Opens a file to read; never waits for the writer of a pipe. @throws LoomError `not-a-file`, and what the system throws. */
export async function openRegular(path: string, name: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | NO_WAIT).catch(async (cause) => {
    // A socket cannot be opened at all.
    const info = await stat(path).catch(() => null);
    if (info !== null) assertFile(info, name);
    throw cause;
  });
  try {
    assertFile(await handle.stat(), name);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The text of a small file. @throws LoomError `not-a-file`, and what the system throws. */
export async function readRegular(path: string, name: string): Promise<string> {
  const handle = await openRegular(path, name);
  try {
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
