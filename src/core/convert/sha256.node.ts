import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isLoomError, LoomError } from '../errors.ts';
import { openRegular } from '../source/regular-file.node.ts';
import { MIB } from '../units.ts';
import type { StreamDigest } from '../verify/stream-digest.ts';

/**
 * SHA-256 by OpenSSL, which is several times as fast as hash-wasm: the `streamDigest` of `runPlan` in Node.
 *
 * @example
 * ```ts
 * import { createNodeDigest } from 'moe-loom/node';
 * const digest = await createNodeDigest();
 * await digest.update(new TextEncoder().encode('abc'));
 * console.log(await digest.digest()); // → ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
 * ```
 */
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

/** SHA-256 of a file of a folder, in hex, streamed. @throws LoomError `read-failed`, `not-a-file`, `cancelled`. */
export async function sha256File(folder: string, name: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const read = async () => {
    const handle = await openRegular(join(folder, name), name);
    await pipeline(handle.createReadStream({ highWaterMark: MIB }), hash, { signal });
  };
  await read().catch((cause) => {
    if (signal?.aborted) throw new LoomError('cancelled', 'The work was stopped.');
    if (isLoomError(cause)) throw cause;
    throw new LoomError('read-failed', `${name} cannot be read: ${cause?.message}.`, { file: name }, cause);
  });
  return hash.digest('hex');
}
