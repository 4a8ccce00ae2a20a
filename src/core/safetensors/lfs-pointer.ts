import { decodeValid, isUtf8 } from './utf8.ts';

/** What stands in a repository instead of a large file. */
export interface LfsPointer {
  readonly sha256: string;
  /** Bytes of the file it represents. */
  readonly size: number;
}

/** Git LFS itself takes nothing of this size or more for a pointer (its specification: "less than 1024 bytes"). */
export const LFS_POINTER_LIMIT = 1024;

const VERSION = 'version https://git-lfs.github.com/spec/v1';
const POINTER = /^oid sha256:([0-9a-f]{64})\r?\n(?:.*\n)*?size (\d{1,15})\r?$/m;

/** The pointer that the whole of a file's bytes are; null when they are something else (git-lfs, docs/spec.md). */
export function parseLfsPointer(bytes: Uint8Array): LfsPointer | null {
  if (bytes.length >= LFS_POINTER_LIMIT) return null;
  if (!isUtf8(bytes)) return null;
  const text = decodeValid(bytes);
  if (!text.startsWith(VERSION)) return null;
  const match = POINTER.exec(text);
  const [, sha256, size] = match ?? [];
  return sha256 === undefined || size === undefined ? null : { sha256, size: Number(size) };
}
