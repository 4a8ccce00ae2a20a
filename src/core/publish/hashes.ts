import { throwIfAborted } from '../errors.ts';
import { createDigester } from '../hash.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';

const READ_BYTES = 4 * MIB;

/** A streaming SHA-256; it may keep the buffer that it was given, and gives one back. */
export interface Digest {
  update(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** In hex. */
  digest(): Promise<string>;
}

/** Runs `use` on a file of a set, and closes it. */
export async function withFile<T>(
  files: FileSet,
  name: string,
  signal: AbortSignal | undefined,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const source = await files.open(name, { signal });
  try {
    return await use(source);
  } finally {
    await source.dispose?.();
  }
}

/** SHA-256 of a file in hex, streamed by hash-wasm unless `createDigest` is given; `onBytes` gets the bytes of each step. */
export async function hashFile(
  source: ByteSource,
  createDigest: (() => Promise<Digest>) | undefined,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const digest = await (createDigest ?? createWasmDigest)();
  let buffer = new Uint8Array(Math.min(READ_BYTES, source.byteLength));
  for (let start = 0; start < source.byteLength; start += READ_BYTES) {
    throwIfAborted(signal);
    const end = Math.min(source.byteLength, start + READ_BYTES);
    const bytes = await source.read({ start, end }, { signal, into: buffer });
    const back = await digest.update(bytes);
    buffer = new Uint8Array(back.buffer);
    onBytes(end - start);
  }
  return digest.digest();
}

async function createWasmDigest(): Promise<Digest> {
  const digester = await createDigester();
  return {
    update: async (bytes) => {
      digester.update(bytes);
      return bytes;
    },
    digest: async () => digester.digest(),
  };
}

/** Git's id of a file that it holds itself: SHA-1 of `blob <length>\0` and the bytes. */
export async function gitOid(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-1', whole)));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Base64 of bytes, as the Hub takes samples and files of a commit. */
export function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
