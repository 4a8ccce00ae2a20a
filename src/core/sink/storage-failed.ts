import { LoomError } from '../errors.ts';
import { isNamed, writeFailed } from './directory.ts';

/** What a file of the browser storage needs, and how much of it fits. */
export interface StorageNeed {
  readonly needed: number;
  readonly fits: number;
}

/**
 * What the browser's own errors mean for a file of its storage; `byte` is where it could not be written.
 *
 * @throws LoomError always: `disk-full`, `storage-unavailable`, and what {@link writeFailed} says of other errors.
 */
export function storageFailed(name: string, cause: unknown, byte = 0): never {
  if (cause instanceof LoomError) throw cause;
  if (isNamed(cause, 'QuotaExceededError')) throw storageFull(name, byte, null, cause);
  if (isNamed(cause, 'NotAllowedError') || isNamed(cause, 'SecurityError') || isNamed(cause, 'InvalidStateError'))
    throw storageRefused(cause);
  if (isNamed(cause, 'NotFoundError')) {
    const message = `The browser storage was cleared while ${name} was being written. Start the conversion again.`;
    throw new LoomError('storage-unavailable', message, { file: name, byte }, cause);
  }
  return writeFailed(name, cause, byte);
}

/** The one sentence for a page that may not store anything. */
export function storageRefused(cause: unknown): LoomError {
  const reason = cause instanceof Error ? ` (${cause.name})` : '';
  const message = `The browser gives this page no storage${reason}: in a private window, with site data blocked, or in a frame of another site.`;
  return new LoomError('storage-unavailable', message, {}, cause);
}

/** For storage without room for a folder or a small file. */
export function nothingFits(cause: unknown): LoomError {
  const message = 'The browser storage is full: not even a small file fits. Free space, or choose another output.';
  return new LoomError('disk-full', message, { fits: 0 }, cause);
}

/** The one sentence for storage without room. `need` is null where the browser did not let it be measured. */
export function storageFull(name: string, byte: number, need: StorageNeed | null, cause?: unknown): LoomError {
  const what = need
    ? `${name} needs ${need.needed} bytes, and ${need.fits} fit`
    : `${name} could not be written at byte ${byte}`;
  const message = `The browser storage is full: ${what}. Free space, or choose another output.`;
  return new LoomError('disk-full', message, { file: name, byte, ...need }, cause);
}
