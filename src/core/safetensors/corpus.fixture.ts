import { readFileSync } from 'node:fs';
import type { DType } from './dtype.ts';
import { LENGTH_BYTES, parseHeader, parseHeaderLength } from './parse-header.ts';
import type { Header } from './types.ts';

const CORPUS = new URL('../../../fixtures/safetensors/', import.meta.url);

/** A dim that a double cannot hold is a string of digits. */
type DimJson = number | string;

export interface FileCase {
  readonly file: string;
  readonly strict: boolean;
  readonly reason: string;
  readonly sha256: string;
  readonly expect?: readonly (readonly [string, DType, readonly DimJson[], number, number])[];
}

export interface IndexCase {
  readonly dir: string;
  readonly valid: boolean;
  readonly reason: string;
}

export interface GoldenCase {
  readonly name: string;
  readonly tensors: readonly (readonly [string, DType, readonly number[], string])[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly expectHex?: string;
  /** The right bytes where the reference writer's are unreadable. */
  readonly strictHex?: string;
  readonly error?: string;
}

export const FILE_CASES: readonly FileCase[] = readJson('manifest.json');
export const INDEX_CASES: readonly IndexCase[] = readJson('index-manifest.json');
export const GOLDEN_CASES: readonly GoldenCase[] = readJson('writer-goldens.json');

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, CORPUS), 'utf8'));
}

export function readCorpus(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(path, CORPUS)));
}

/** The header of a whole file in memory. */
export function parseFile(bytes: Uint8Array, file = 'test.safetensors'): Header {
  const options = { file, fileSize: bytes.length };
  const length = parseHeaderLength(bytes.subarray(0, LENGTH_BYTES), options);
  return parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), options);
}

/** A file of this JSON (text or bytes) and this many bytes of data. */
export function fileOf(json: string | Uint8Array, dataBytes = 0): Uint8Array<ArrayBuffer> {
  const text = typeof json === 'string' ? new TextEncoder().encode(json) : json;
  const bytes = new Uint8Array(LENGTH_BYTES + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}
