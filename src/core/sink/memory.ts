import { LoomError, throwIfAborted } from '../errors.ts';
import { memoryFiles } from '../source/memory.ts';
import { GIB } from '../units.ts';
import type { Sink } from './types.ts';

/** A conversion into memory may make so many bytes: a tab has about 4 GB, and its files are in it twice for a moment. */
export const MEMORY_OUTPUT_BYTES = GIB;

/**
 * A sink in memory, for small outputs and for tests. `capacity` bytes in all, then it is full.
 *
 * @example
 * ```ts
 * import { createMemorySink } from 'moe-loom/convert';
 * const sink = createMemorySink();
 * const file = await sink.create('two.bin', 2);
 * await file.write(new Uint8Array([1, 2]), 0);
 * await file.commit();
 * console.log(sink.written.get('two.bin')); // → Uint8Array(2) [ 1, 2 ]
 * ```
 */
export function createMemorySink(
  identity = 'memory',
  capacity = Number.POSITIVE_INFINITY,
): Sink & { readonly written: ReadonlyMap<string, Uint8Array> } {
  const written = new Map<string, Uint8Array>();
  let used = 0;
  return {
    identity,
    written,
    create: async (name, byteLength, options) => {
      throwIfAborted(options?.signal);
      if (written.has(name)) throw new LoomError('output-not-empty', `${name} already exists.`, { file: name });
      const bytes = new Uint8Array(byteLength);
      let end = 0;
      return {
        name,
        write: async (chunk, offset, opts) => {
          throwIfAborted(opts?.signal);
          if (used + chunk.byteLength > capacity) {
            throw new LoomError(
              'disk-full',
              `The disk is full: ${name} could not be written at byte ${offset}. Free space and run again.`,
              {
                file: name,
                byte: offset,
              },
            );
          }
          used += chunk.byteLength;
          bytes.set(chunk, offset);
          end = Math.max(end, offset + chunk.byteLength);
        },
        commit: async () => {
          if (end !== byteLength)
            throw new LoomError('write-failed', `${name} has ${end} bytes instead of ${byteLength}.`, { file: name });
          written.set(name, bytes);
        },
        abort: async () => undefined,
      };
    },
    adopt: () => undefined,
    remove: async (name) => void written.delete(name),
    files: () => memoryFiles(identity, written),
    discard: async () => written.clear(),
  };
}
