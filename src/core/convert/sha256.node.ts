import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { LoomError } from '../errors.ts';
import { MIB } from '../units.ts';
import type { StreamDigest } from '../verify/stream-digest.ts';

/** SHA-256 by OpenSSL, which is several times as fast as hash-wasm. */
export async function createNodeDigest(): Promise<StreamDigest> {
  const hash = createHash('sha256');
  return {
    update: async (bytes) => {
      hash.update(bytes);
      return bytes;
    },
    digest: async () => hash.digest('hex'),
  };
}

/** SHA-256 of a file of a folder, in hex, streamed. @throws LoomError `read-failed`, `cancelled`. */
export async function sha256File(folder: string, name: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(folder, name), { highWaterMark: MIB }), hash, { signal }).catch((cause) => {
    if (signal?.aborted) throw new LoomError('cancelled', 'The work was stopped.');
    throw new LoomError('read-failed', `${name} cannot be read: ${cause?.message}.`, { file: name }, cause);
  });
  return hash.digest('hex');
}
