import type { ByteSource, FileSet } from '../src/core/index.ts';

/** Reads above this are tensor bytes or a giant header, and are not worth keeping twice. */
const LIMIT_KEPT_BYTES = 4e6;

export interface Remembered {
  readonly files: FileSet;
  /** Lets go of everything kept; later reads go to the source. */
  readonly forget: () => void;
}

/** Keeps what small reads gave, so that headers are read once although the checkpoint is put together twice. */
export function rememberReads(files: FileSet, onBytes: (bytes: number) => void): Remembered {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  let keeping = true;
  const wrap = (name: string, source: ByteSource): ByteSource => ({
    key: source.key,
    byteLength: source.byteLength,
    read: async (range, options) => {
      const key = `${name}:${range.start}-${range.end}`;
      const hit = kept.get(key);
      if (hit) return hit;
      const bytes = await source.read(range, options);
      onBytes(bytes.length);
      if (keeping && bytes.length <= LIMIT_KEPT_BYTES) kept.set(key, bytes);
      return bytes;
    },
    dispose: async () => source.dispose?.(),
  });
  return {
    files: {
      identity: files.identity,
      list: (options) => files.list(options),
      open: async (name, options) => wrap(name, await files.open(name, options)),
    },
    forget: () => {
      keeping = false;
      kept.clear();
    },
  };
}
