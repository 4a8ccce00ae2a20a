import { mapConcurrent } from '../concurrency.ts';
import { LoomError } from '../errors.ts';
import { createDigester, type Hasher } from '../hash.ts';
import { coalesce } from '../source/coalesce.ts';
import type { FileSet } from '../source/types.ts';
import { formatBytes, GIB, KIB, MIB, plural } from '../units.ts';
import type { Checkpoint, CheckpointTensor } from './types.ts';

/** A tensor whose values decide a plan; `pieces` equal parts of it (one an expert) are told apart. */
export interface NeededValue {
  readonly tensor: string;
  readonly pieces: number;
}

/** Values of small tensors, with what it took to read them; survives `structuredClone`. */
export interface CompanionValues {
  /** Tensor → each piece: its bytes in hex where they are at most 64, else their SHA-256. Equal texts are equal bytes. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly bytes: number;
  readonly reads: number;
}

export interface ReadValuesOptions {
  readonly signal?: AbortSignal | undefined;
  /** More bytes of wanted tensors than this are refused. */
  readonly maxBytes?: number | undefined;
}

/** Act-order indices of the largest models come to 0.9 GB; more is a mistake, or not worth reading for a plan. */
const MAX_BYTES = GIB;
/** Scalars lie among each other: 64 KiB of other bytes are cheaper than another read. */
const LIMITS = { gap: 64 * KIB, run: 8 * MIB };
/** Files that are read at once. */
const FILES_AT_ONCE = 4;
/** Values up to this size are kept as they are. */
const PLAIN_BYTES = 64;

/**
 * Reads the named tensors of a checkpoint, neighbours in one read, and nothing else.
 *
 * @throws LoomError `not-convertible` when they are more than `maxBytes` (1 GiB unless set otherwise), and what sources
 * throw.
 */
export async function readCompanionValues(
  checkpoint: Pick<Checkpoint, 'tensors'>,
  needed: readonly NeededValue[],
  files: FileSet,
  { signal, maxBytes = MAX_BYTES }: ReadValuesOptions = {},
): Promise<CompanionValues> {
  const byFile = wantedByFile(checkpoint, needed);
  assertSmall([...byFile.values()].flat(), maxBytes);
  const values = new Map<string, readonly string[]>();
  const counted = await mapConcurrent(
    [...byFile],
    FILES_AT_ONCE,
    ([file, wanted], inner) => readFile(file, wanted, files, values, inner),
    signal,
  );
  return {
    values,
    bytes: counted.reduce((sum, count) => sum + count.bytes, 0),
    reads: counted.reduce((sum, count) => sum + count.reads, 0),
  };
}

interface Wanted extends NeededValue {
  readonly start: number;
  readonly end: number;
}

function wantedByFile({ tensors }: Pick<Checkpoint, 'tensors'>, needed: readonly NeededValue[]): Map<string, Wanted[]> {
  const byFile = new Map<string, Wanted[]>();
  for (const each of new Map(needed.map((value) => [value.tensor, value])).values()) {
    const { file, start, end } = tensorOf(each.tensor, tensors);
    const wanted = byFile.get(file) ?? [];
    byFile.set(file, wanted);
    wanted.push({ ...each, start, end });
  }
  return byFile;
}

function tensorOf(name: string, tensors: Checkpoint['tensors']): CheckpointTensor {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  throw new LoomError('internal', `${name} is wanted for a plan, but is not in the checkpoint.`, { tensor: name });
}

function assertSmall(wanted: readonly Wanted[], maxBytes: number): void {
  const bytes = wanted.reduce((sum, { start, end }) => sum + end - start, 0);
  if (bytes <= maxBytes) return;
  throw new LoomError(
    'not-convertible',
    `Whether gate and up go together shows only in ${plural(wanted.length, 'tensor')} of ${formatBytes(bytes)}, more than the ${formatBytes(maxBytes)} that are read for a plan.`,
    { bytes, limit: maxBytes },
  );
}

async function readFile(
  file: string,
  wanted: readonly Wanted[],
  files: FileSet,
  values: Map<string, readonly string[]>,
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly reads: number }> {
  const source = await files.open(file, { signal });
  const digester = await createDigester();
  const count = { bytes: 0, reads: 0 };
  try {
    for (const run of coalesce(
      wanted.map((each, at) => ({ start: each.start, end: each.end, at })),
      LIMITS,
    )) {
      const bytes = await source.read(run, { signal });
      count.bytes += bytes.byteLength;
      count.reads += 1;
      for (const { at, start, end } of run.pieces) {
        const each = wanted[at];
        if (each) values.set(each.tensor, cut(bytes.subarray(start - run.start, end - run.start), each, digester));
      }
    }
    return count;
  } finally {
    await source.dispose?.();
  }
}

function cut(bytes: Uint8Array, { pieces }: NeededValue, digester: Hasher): string[] {
  const size = bytes.byteLength / pieces;
  return Array.from({ length: pieces }, (_, at) => textOf(bytes.subarray(at * size, (at + 1) * size), digester));
}

function textOf(bytes: Uint8Array, digester: Hasher): string {
  if (bytes.byteLength <= PLAIN_BYTES) return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  digester.reset();
  digester.update(bytes);
  return `sha256 ${digester.digest()}`;
}
