import { LoomError } from '../errors.ts';
import { openOnce } from '../open-once.ts';
import type { ConversionPlan } from '../plan/types.ts';
import type { ByteRange, ByteSource, FileSet } from '../source/types.ts';
import { KIB } from '../units.ts';
import type { CreateStreamDigest } from '../verify/stream-digest.ts';
import type { FinishedShard } from './journal.ts';
import { createWitnessCheck, readPieces } from './read-in-order.ts';
import type { SourceHashes } from './source-hashes.ts';
import { piecesOf, readsOf, type SourceReads, unreadBytes, usesOf } from './source-order.ts';
import { regionsOf } from './unmake.ts';

export interface SourceCheckOptions {
  readonly plan: ConversionPlan;
  readonly files: FileSet;
  /** The finished output. */
  readonly output: FileSet;
  readonly digest: CreateStreamDigest;
  readonly signal: AbortSignal | undefined;
  /** Called at the first error, which `finish` then throws. */
  readonly onError: () => void;
}

export interface SourceCheck {
  /** A shard is finished and proven. A source file is checked as soon as the last shard that is made of it is. */
  finished(shard: FinishedShard): void;
  /** Waits for all. @throws LoomError `source-hash-wrong`, and what source and output throw. */
  finish(): Promise<SourceHashes>;
  /** Nothing is being read any more. */
  settled(): Promise<void>;
}

/** A plan computes some scalars itself and names the place of the first only. So many unread bytes are read for the hash. */
const UNREAD_BYTES = 4 * KIB;

/**
 * Compares the SHA-256 of each source file with the one that the source states, for every file that was read whole.
 *
 * The source is not read a second time where the output has the same bytes: these are read from the output, in the
 * source's order. The check therefore covers the content of the output itself. Tensors that a kernel permuted are put back
 * too where the source is a download; on a disk they are read again, which is faster. What is read again (these, the
 * header, and what was unpacked) is compared with the hash of what was read when the shard was made.
 */
export function createSourceCheck(options: SourceCheckOptions): SourceCheck {
  const { plan, files, onError } = options;
  const uses = usesOf(plan);
  /** Source files that are not checked yet, with the shards that they wait for. */
  const missing = new Map(
    [...uses].map(([name, shards]) => [name, new Set([...shards.keys()].map(({ file }) => file))]),
  );
  const sources = new Map<string, string[]>();
  for (const [name, shards] of missing)
    for (const file of shards) {
      const names = sources.get(file) ?? [];
      names.push(name);
      sources.set(file, names);
    }
  const finished = new Map<string, FinishedShard>();
  const found: { name: string; result: 'checked' | 'not-stated' | 'partly-read' }[] = [];
  let failure: { readonly error: unknown } | null = null;
  let turn: Promise<void> = Promise.resolve();
  const check = async (name: string) => {
    if (failure) return;
    try {
      const source = await files.open(name, { signal: options.signal });
      try {
        found.push({ name, result: await checkFile(name, source, readsOf(uses, name, finished), options) });
      } finally {
        await source.dispose?.();
      }
    } catch (error) {
      failure = { error };
      onError();
    }
  };
  return {
    finished: (made) => {
      finished.set(made.file, made);
      for (const name of sources.get(made.file) ?? []) {
        const waiting = missing.get(name);
        if (!waiting?.delete(made.file) || waiting.size > 0) continue;
        missing.delete(name);
        turn = turn.then(() => check(name));
      }
    },
    settled: () => turn,
    finish: async () => {
      await turn;
      if (failure) throw (failure as { error: unknown }).error;
      const names = (...results: string[]) =>
        found.filter(({ result }) => results.includes(result)).map(({ name }) => name);
      return {
        checked: names('checked').sort(),
        unchecked: names('not-stated', 'partly-read').sort(),
        partlyRead: names('partly-read').sort(),
      };
    },
  };
}

async function checkFile(
  name: string,
  source: ByteSource,
  reads: SourceReads,
  { output, digest, signal }: SourceCheckOptions,
): Promise<'checked' | 'not-stated' | 'partly-read'> {
  const { sha256, byteLength } = source;
  if (sha256 === undefined) return 'not-stated';
  const data = await dataRange(source, signal);
  if (unreadBytes(reads, data) > UNREAD_BYTES) return 'partly-read';
  const outputs = openOnce((file) => output.open(file, { signal }));
  const stream = await digest();
  try {
    const check = await createWitnessCheck(reads.computed);
    const regions = source.remote ? regionsOf(reads.computed) : [];
    const pieces = piecesOf(reads.copies, regions, { start: 0, end: byteLength });
    const take = async (bytes: Uint8Array<ArrayBuffer>, start: number) => {
      if (!(await check.take(bytes, start))) throw gaveOther(name, start);
      return stream.update(bytes);
    };
    await readPieces(pieces, { source, output: outputs.open }, take, signal);
    insistOnHash(name, sha256, await stream.digest());
    return 'checked';
  } finally {
    stream.dispose?.();
    await outputs.dispose();
  }
}

/** Everything behind the header. A file too short to have one was not converted. */
async function dataRange(source: ByteSource, signal: AbortSignal | undefined): Promise<ByteRange> {
  const head = await source.read({ start: 0, end: 8 }, { signal });
  const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  return { start: Math.min(source.byteLength, 8 + Number(length)), end: source.byteLength };
}

/** @throws LoomError `source-hash-wrong` where they differ. */
export function insistOnHash(file: string, stated: string, found: string): void {
  if (found === stated) return;
  const message = `${file} does not match its sha256: the source states ${stated}, but the bytes that were read have ${found}. The file was corrupted during the download or on disk. Output shards that used it were removed, and the others are kept. Retry; if the file is in the Hub cache, delete it there and download it again first.`;
  throw new LoomError('source-hash-wrong', message, { file, stated, found });
}

function gaveOther(file: string, byte: number): LoomError {
  const message = `${file} returned different bytes when it was read a second time, near byte ${byte}. It was changed, or corrupted during the download. Output shards that used it were removed, and the others are kept. Retry.`;
  return new LoomError('source-hash-wrong', message, { file, byte });
}
