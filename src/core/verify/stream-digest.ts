import { createDigester } from '../hash.ts';

/** SHA-256 of bytes that come one after another; the work may be done elsewhere. */
export interface StreamDigest {
  /** Takes the bytes over, with the buffer under them; gives back them or others as long, once they may be written to. */
  update(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** In hex. */
  digest(): Promise<string>;
  /** Nobody waits for it any more. */
  dispose?(): void;
}

export type CreateStreamDigest = () => Promise<StreamDigest>;

/** In this thread, at the speed of hash-wasm. */
export async function createStreamDigest(): Promise<StreamDigest> {
  const digester = await createDigester();
  return {
    update: async (bytes) => {
      digester.update(bytes);
      return bytes;
    },
    digest: async () => digester.digest(),
  };
}
