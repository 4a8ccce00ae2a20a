import type { Budget } from '../budget.ts';
import { LoomError, throwIfAborted } from '../errors.ts';
import { createHasher } from '../hash.ts';
import { partBytes } from '../plan/parts.ts';
import type { OutputShard, OutputTensor } from '../plan/types.ts';
import { readHeader } from '../safetensors/read-header.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';

/** Output tensor → hash of each of its parts, as the bytes came from the source. */
export type ShardDigests = ReadonlyMap<string, readonly string[]>;

export interface ReadBackOptions {
  readonly shard: OutputShard;
  readonly digests: ShardDigests;
  /** The finished output. */
  readonly files: FileSet;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number) => void;
}

const READ_BYTES = 8 * MIB;

/**
 * Reads a finished shard back, header and every byte, and compares with what was read from the source.
 *
 * @throws LoomError `verify-failed` naming the tensor and, in stacked tensors, the part that differs.
 */
export async function readBack(options: ReadBackOptions): Promise<void> {
  const { shard, files, budget, signal } = options;
  const source = await files.open(shard.file, { signal });
  const release = await budget.take(READ_BYTES, signal);
  try {
    await compareHeader(source, shard, signal);
    const buffer = new Uint8Array(READ_BYTES);
    const hasher = await createHasher();
    for (const tensor of shard.tensors) {
      let at: number = tensor.start;
      for (const [number, part] of tensor.parts.entries()) {
        const end = at + partBytes(part);
        hasher.reset();
        for (; at < end; at += READ_BYTES) {
          throwIfAborted(signal);
          const bytes = await source.read({ start: at, end: Math.min(end, at + READ_BYTES) }, { signal, into: buffer });
          hasher.update(bytes);
          options.onBytes(bytes.byteLength);
        }
        at = end;
        if (hasher.digest() !== options.digests.get(tensor.name)?.[number]) throw differs(shard, tensor, number);
      }
    }
  } finally {
    release();
    await source.dispose?.();
  }
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
