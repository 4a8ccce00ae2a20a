import { throwIfAborted } from '../errors.ts';
import type { FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import type { Sink } from './types.ts';

/** Files are copied in pieces of this length, one at a time. */
export const COPY_BYTES = 8 * MIB;

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that have been written, after each piece. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Copies every file of a set into a sink, through one buffer of {@link COPY_BYTES}. When it fails or is cancelled, the sink
 * removes everything that was copied.
 *
 * @throws LoomError what reading and the sink throw; `cancelled`.
 */
export async function copyFiles(from: FileSet, to: Sink, options: CopyOptions = {}): Promise<void> {
  const { signal, onProgress } = options;
  const buffer = new Uint8Array(COPY_BYTES);
  let done = 0;
  try {
    for (const { name, byteLength } of await from.list({ signal })) {
      const source = await from.open(name, { signal });
      const file = await to.create(name, byteLength, { signal });
      for (let start = 0; start < byteLength; start += buffer.byteLength) {
        throwIfAborted(signal);
        const end = Math.min(byteLength, start + buffer.byteLength);
        await file.write(await source.read({ start, end }, { signal, into: buffer }), start, { signal });
        done += end - start;
        onProgress?.(done);
      }
      await file.commit({ signal });
      await source.dispose?.();
    }
    await to.close?.();
  } catch (error) {
    await to.discard();
    throw error;
  }
}
