import { mapConcurrent } from '../../concurrency.ts';
import { isLoomError, LoomError } from '../../errors.ts';
import { createDigester } from '../../hash.ts';
import { spansOf } from '../../plan/parts.ts';
import type { ConversionPlan, OutputShard } from '../../plan/types.ts';
import { MAX_HEADER_BYTES } from '../../safetensors/parse-header.ts';
import type { ByteSource, FileSet } from '../../source/types.ts';
import { MIB } from '../../units.ts';
import type { PlannedFile, PlannedSource } from './types.ts';

/** Files that are looked at together. */
const FILES_AT_ONCE = 8;
const READ_BYTES = 4 * MIB;

/** The source files that these shards are made of, by name. */
export function weightFiles(shards: readonly OutputShard[]): string[] {
  const names = new Set<string>();
  for (const { tensors } of shards)
    for (const { parts } of tensors)
      for (const part of parts)
        for (const { file } of part.kind === 'bytes' ? [part.origin] : spansOf(part)) names.add(file);
  return [...names].sort();
}

/**
 * What tells the files that a plan reads from others, on every machine.
 *
 * Of weights on a disk the headers are read, of other files every byte. Where the source is a download, a file is known by
 * the SHA-256 that is stated for it, or by its commit and size: nothing is read.
 */
export async function identifySource(
  plan: ConversionPlan,
  files: FileSet,
  signal?: AbortSignal,
): Promise<readonly PlannedFile[]> {
  const weights = weightFiles(plan.shards);
  const names = [...weights, ...plan.copies.map(({ file }) => file)];
  return mapConcurrent(
    names,
    FILES_AT_ONCE,
    async (name, inner, at) => {
      const source = await files.open(name, { signal: inner });
      try {
        const { byteLength, sha256, remote } = source;
        const known = { name, byteLength, ...(sha256 === undefined ? {} : { sha256 }) };
        if (remote) return known;
        if (at < weights.length) return { ...known, header: await headerHash(source, inner) };
        return { ...known, sha256: sha256 ?? (await hashOf(source, 0, byteLength, inner)) };
      } finally {
        await source.dispose?.();
      }
    },
    signal,
  );
}

/**
 * Compares files of the source with what the plan says of them.
 *
 * @throws LoomError `source-changed`, naming what differs.
 */
export async function assertSource(
  { files: planned, commit }: PlannedSource,
  files: FileSet,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const known = new Map(planned.map((file) => [file.name, file]));
  const wanted = names.flatMap((name) => known.get(name) ?? []);
  const faults = await mapConcurrent(wanted, FILES_AT_ONCE, (file, inner) => faultOf(file, files, inner), signal);
  const found = faults.filter((fault) => fault !== null);
  const [first] = found;
  if (first === undefined) return;
  const more = found.length > 3 ? ` and ${found.length - 3} more files` : '';
  const which = commit === null ? '' : ` of commit ${commit}`;
  const message = `The source ${files.identity} is not the one that was planned${which}: ${found.slice(0, 3).join('; ')}${more}. Nothing was written from it. Restore the source, name the right one with --source, or plan again.`;
  throw new LoomError('source-changed', message, { file: first.slice(0, first.indexOf(' ')) });
}

async function faultOf(planned: PlannedFile, files: FileSet, signal: AbortSignal): Promise<string | null> {
  const { name, byteLength, sha256, header } = planned;
  const source = await files.open(name, { signal }).catch((error: unknown) => {
    if (isLoomError(error) && error.tag === 'path-not-found') return null;
    throw error;
  });
  if (source === null) return `${name} is missing`;
  try {
    if (source.byteLength !== byteLength) return `${name} has ${source.byteLength} bytes, the plan says ${byteLength}`;
    if (source.sha256 !== undefined && sha256 !== undefined)
      return source.sha256 === sha256 ? null : `${name} has the sha256 ${source.sha256}, the plan says ${sha256}`;
    if (header !== undefined && (await headerHash(source, signal)) !== header) return `${name} has another header`;
    const isWhole = header === undefined && sha256 !== undefined && !source.remote && byteLength <= SMALL_BYTES;
    if (isWhole && (await hashOf(source, 0, byteLength, signal)) !== sha256) return `${name} has other bytes`;
    return null;
  } finally {
    await source.dispose?.();
  }
}

/** A file beside the weights; weights with a stated hash are checked as they are read. */
const SMALL_BYTES = 256 * MIB;

/** The files, each stating the SHA-256 that the plan knows where they do not state one. */
export function withPlannedHashes(files: FileSet, { files: planned }: PlannedSource): FileSet {
  const known = new Map(planned.map(({ name, sha256 }) => [name, sha256]));
  return {
    ...files,
    open: async (name, options) => {
      const source = await files.open(name, options);
      return { ...source, sha256: source.sha256 ?? known.get(name) };
    },
  };
}

/** SHA-256 of the length field and the header. A length that is none gives the hash of 8 bytes: it is another header. */
async function headerHash(source: ByteSource, signal: AbortSignal): Promise<string> {
  const length = Math.min(8, source.byteLength);
  const bytes = await source.read({ start: 0, end: length }, { signal });
  const stated = length === 8 ? Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)) : 0;
  const end = length + (stated <= MAX_HEADER_BYTES ? stated : 0);
  return hashOf(source, 0, Math.min(end, source.byteLength), signal);
}

async function hashOf(source: ByteSource, from: number, to: number, signal: AbortSignal): Promise<string> {
  const digester = await createDigester();
  for (let start = from; start < to; start += READ_BYTES)
    digester.update(await source.read({ start, end: Math.min(to, start + READ_BYTES) }, { signal }));
  return digester.digest();
}
