import type { Budget } from '../budget.ts';
import { LoomError, throwIfAborted } from '../errors.ts';
import { createHasher } from '../hash.ts';
import { partBytes } from '../plan/parts.ts';
import type { OutputShard, OutputTensor } from '../plan/types.ts';
import { readHeader } from '../safetensors/read-header.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { KIB, MIB } from '../units.ts';

/** Output tensor → hash of each of its parts, as the bytes came from the source. */
export type ShardDigests = ReadonlyMap<string, readonly string[]>;

/** A finished file as it was when it was looked at; see `ByteSource.firm`. */
export interface SeenFile {
  readonly key: string;
  readonly byteLength: number;
  readonly firm: boolean;
}

/** What is to be seen of a file without reading it. */
export function seen({ key, byteLength, firm = false }: ByteSource): SeenFile {
  return { key, byteLength, firm };
}

export interface ReadBackOptions {
  readonly shard: OutputShard;
  readonly digests: ShardDigests;
  /** The finished output. */
  readonly files: FileSet;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number) => void;
}

/** Reads of this size run at full speed; two are held, one being hashed while the next comes. */
const READ_BYTES = 16 * MIB;

/**
 * Reads a finished shard back, header and every byte in order, and compares with what was read from the source. Gives the
 * file as it was before the first byte was read.
 *
 * @throws LoomError `verify-failed` naming the tensor and, in stacked tensors, the part that differs.
 */
export async function readBack(options: ReadBackOptions): Promise<SeenFile> {
  const { shard, files, budget, signal } = options;
  const data = shard.byteLength - shard.header.byteLength;
  const length = Math.max(KIB, Math.min(READ_BYTES, Math.floor(budget.capacity / 4), data));
  const release = await budget.take(2 * length, signal);
  const source = await files.open(shard.file, { signal }).catch((error: unknown) => {
    release();
    throw error;
  });
  try {
    await compareHeader(source, shard, signal);
    const check = await createPartCheck(shard, options.digests);
    const buffers: Uint8Array<ArrayBuffer>[] = [];
    const read = (index: number) => {
      const start = shard.header.byteLength + index * length;
      const range = { start, end: Math.min(shard.byteLength, start + length) };
      if (range.end <= start) return null;
      buffers[index % 2] ??= new Uint8Array(length);
      const bytes = source.read(range, { signal, into: buffers[index % 2] });
      bytes.catch(() => undefined);
      return bytes;
    };
    let next = read(0);
    for (let index = 1; next; index++) {
      const bytes = await next;
      throwIfAborted(signal);
      next = read(index);
      check.take(bytes);
      options.onBytes(bytes.byteLength);
    }
    check.finish();
    return seen(source);
  } finally {
    release();
    await source.dispose?.();
  }
}

/** Hashes bytes that come in file order, and compares at the end of each part. */
async function createPartCheck(shard: OutputShard, digests: ShardDigests) {
  const hasher = await createHasher();
  const parts = shard.tensors.flatMap((tensor) =>
    tensor.parts.map((part, number) => ({ tensor, number, length: partBytes(part) })),
  );
  let at = 0;
  let left = parts[0]?.length ?? 0;
  /** Closes every part that has got all its bytes; empty ones follow at once. */
  const close = () => {
    for (let part = parts[at]; part && left === 0; part = parts[at]) {
      if (hasher.digest() !== digests.get(part.tensor.name)?.[part.number])
        throw differs(shard, part.tensor, part.number);
      hasher.reset();
      left = parts[++at]?.length ?? 0;
    }
  };
  return {
    take: (bytes: Uint8Array) => {
      for (let done = 0; done < bytes.byteLength; ) {
        close();
        const length = Math.min(left, bytes.byteLength - done);
        hasher.update(bytes.subarray(done, done + length));
        done += length;
        left -= length;
      }
      close();
    },
    /** What is empty at the very end, or all there is. */
    finish: close,
  };
}

async function compareHeader(source: ByteSource, shard: OutputShard, signal: AbortSignal | undefined): Promise<void> {
  const header = await readHeader(source, { file: shard.file, signal });
  const same =
    header.tensors.size === shard.tensors.length &&
    shard.tensors.every((tensor) => {
      const found = header.tensors.get(tensor.name);
      return (
        found?.dtype === tensor.dtype &&
        found.shape.join() === tensor.shape.join() &&
        header.dataStart + found.start === tensor.start
      );
    });
  if (!same)
    throw new LoomError('verify-failed', `The header of ${shard.file} reads back differently from what was written.`, {
      file: shard.file,
    });
}

function differs(shard: OutputShard, tensor: OutputTensor, part: number): LoomError {
  const which = tensor.parts.length > 1 ? ` in part ${part} of ${tensor.parts.length}` : '';
  return new LoomError(
    'verify-failed',
    `${tensor.name} in ${shard.file} reads back differently from the source${which}. The output was removed; check the disk and run again.`,
    {
      file: shard.file,
      tensor: tensor.name,
      byte: tensor.start,
    },
  );
}
