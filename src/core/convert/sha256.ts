import { throwIfAborted } from '../errors.ts';
import { createDigester } from '../hash.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';

const READ_BYTES = 4 * MIB;

/** SHA-256 of a whole file, in hex: its id in the Hub's LFS. Streams; slower than any disk, so in a worker of its own. */
export async function sha256Of(files: FileSet, name: string, signal?: AbortSignal): Promise<string> {
  const source = await files.open(name, { signal });
  try {
    return await digestOf(source, signal);
  } finally {
    await source.dispose?.();
  }
}

async function digestOf(source: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  const digester = await createDigester();
  const buffer = new Uint8Array(Math.min(READ_BYTES, source.byteLength));
  for (let start = 0; start < source.byteLength; start += READ_BYTES) {
    throwIfAborted(signal);
    const end = Math.min(source.byteLength, start + READ_BYTES);
    digester.update(await source.read({ start, end }, { signal, into: buffer }));
  }
  return digester.digest();
}
