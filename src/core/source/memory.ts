import { LoomError, throwIfAborted } from '../errors.ts';
import type { ByteSource, FileSet } from './types.ts';

/**
 * Bytes in memory as a source.
 *
 * @example
 * ```ts
 * import { memorySource } from 'moe-loom/safetensors';
 * const source = memorySource(new Uint8Array([1, 2, 3, 4]), 'four bytes');
 * console.log([...(await source.read({ start: 1, end: 3 }))]); // → [ 2, 3 ]
 * ```
 */
export function memorySource(bytes: Uint8Array, key: string): ByteSource {
  return {
    key,
    byteLength: bytes.byteLength,
    read: async (range, options) => {
      throwIfAborted(options?.signal);
      if (range.start < 0 || range.end > bytes.byteLength || range.end < range.start) {
        throw new LoomError(
          'internal',
          `Bytes ${range.start}–${range.end} are not in ${key} (${bytes.byteLength} bytes).`,
        );
      }
      const length = range.end - range.start;
      const target = options?.into?.subarray(0, length) ?? new Uint8Array(length);
      target.set(bytes.subarray(range.start, range.end));
      return target;
    },
  };
}

/**
 * Named bytes in memory as a set of files.
 *
 * @example
 * ```ts
 * import { memoryFiles } from 'moe-loom/safetensors';
 * const files = memoryFiles('memory', new Map([['config.json', new TextEncoder().encode('{}')]]));
 * console.log(await files.list()); // → [ { name: 'config.json', byteLength: 2 } ]
 * ```
 */
export function memoryFiles(identity: string, files: ReadonlyMap<string, Uint8Array>): FileSet {
  return {
    identity,
    list: async () => [...files].map(([name, bytes]) => ({ name, byteLength: bytes.byteLength })),
    open: async (name) => {
      const bytes = files.get(name);
      if (!bytes) throw new LoomError('path-not-found', `${identity} holds no file ${name}.`, { file: name });
      return memorySource(bytes, `memory:${identity}/${name}`);
    },
  };
}
