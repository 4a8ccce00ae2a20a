import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from './checkpoint/open.ts';
import { bytesOf, elementsOf } from './safetensors/dtype.ts';
import { readHeader } from './safetensors/read-header.ts';
import { layoutHeader, type TensorSpec } from './safetensors/write-header.ts';
import { openLocal } from './source/folder.node.ts';
import { memoryFiles, memorySource } from './source/memory.ts';
import type { ByteSource, FileSet } from './source/types.ts';

/** The project's `fixtures/` folder. */
export const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Architectures with a checkpoint written by the real transformers. */
export const ARCHITECTURES = [
  'deepseek_v3',
  'gpt_oss',
  'granitemoe',
  'jamba',
  'llama4_text',
  'mixtral',
  'qwen3_moe',
  'qwen3_next',
] as const;

/** Those whose files on the Hub hold one matrix per expert. */
export const PER_EXPERT = ['deepseek_v3', 'jamba', 'mixtral', 'qwen3_moe', 'qwen3_next'] as const;

export function hubFolder(architecture: string): string {
  return join(FIXTURES, 'checkpoints', architecture, 'hub');
}

export async function openFixture(architecture: string) {
  const files = await openLocal(hubFolder(architecture));
  return { files, checkpoint: await openCheckpoint(files) };
}

export interface PlainTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** True when dtype, shape and every byte agree. (An `expect` on arrays compares element by element, which takes seconds.) */
export function sameTensor(a: PlainTensor | undefined, b: PlainTensor | undefined): boolean {
  if (!a || !b) return false;
  return a.dtype === b.dtype && a.shape.join() === b.shape.join() && Buffer.compare(a.bytes, b.bytes) === 0;
}

/** Every tensor of every safetensors file of a set, read whole: small files only. */
export async function allTensors(files: FileSet): Promise<Map<string, PlainTensor>> {
  const tensors = new Map<string, PlainTensor>();
  for (const { name } of await files.list()) {
    if (!name.endsWith('.safetensors')) continue;
    const source = await files.open(name);
    const header = await readHeader(source, { file: name });
    for (const info of header.tensors.values()) {
      const bytes = await source.read({ start: header.dataStart + info.start, end: header.dataStart + info.end });
      tensors.set(info.name, { dtype: info.dtype, shape: info.shape, bytes });
    }
    await source.dispose?.();
  }
  return tensors;
}

/** What transformers 5.17.0 holds in memory for an architecture's fixture. */
export function truthOf(architecture: string): Promise<Map<string, PlainTensor>> {
  const bytes = new Uint8Array(readFileSync(join(FIXTURES, 'checkpoints', architecture, 'state.safetensors')));
  return allTensors(memoryFiles('truth', new Map([['state.safetensors', bytes]])));
}

/** A safetensors file in memory, its bytes a fixed function of tensor name and position unless given. */
export function safetensorsBytes(
  tensors: readonly (TensorSpec & { readonly bytes?: Uint8Array })[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array {
  const laid = layoutHeader(tensors, new Map(Object.entries(metadata)));
  const file = new Uint8Array(laid.fileSize);
  file.set(laid.bytes);
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor.bytes]));
  for (const info of laid.tensors) {
    const length = bytesOf(info.dtype, elementsOf(info.shape));
    file.set(given.get(info.name) ?? patternBytes(info.name, length), laid.dataStart + info.start);
  }
  return file;
}

/** Bytes that differ from tensor to tensor and from place to place. */
export function patternBytes(seed: string, length: number): Uint8Array {
  let state = [...seed].reduce((hash, character) => (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0, 7);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A set of files in memory from texts and bytes. */
export function filesOf(entries: Readonly<Record<string, string | Uint8Array>>, identity = 'test'): FileSet {
  const files = new Map(
    Object.entries(entries).map(([name, content]) => [
      name,
      typeof content === 'string' ? new TextEncoder().encode(content) : content,
    ]),
  );
  return memoryFiles(identity, files);
}

/** Counts what is read from a set of files. */
export function countingFiles(files: FileSet) {
  const reads: { file: string; start: number; end: number }[] = [];
  const wrap = (source: ByteSource, name: string): ByteSource => ({
    ...source,
    read: (range, options) => {
      reads.push({ file: name, start: range.start, end: range.end });
      return source.read(range, options);
    },
  });
  const counted: FileSet = { ...files, open: async (name, options) => wrap(await files.open(name, options), name) };
  return { files: counted, reads };
}

export { memorySource };
