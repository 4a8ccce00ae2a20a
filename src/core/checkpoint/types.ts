import type { ErrorTag } from '../errors.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { FileOffset, Shape } from '../safetensors/types.ts';
import type { FileEntry } from '../source/types.ts';
import type { FindingTag } from './finding-tags.ts';

/** One tensor of a checkpoint, with its place in the shard that holds it. */
export interface CheckpointTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Present only when a dim is above 2^53 − 1. */
  readonly exactShape?: readonly bigint[];
  /** Name of the shard inside the file set. */
  readonly file: string;
  readonly start: FileOffset;
  readonly end: FileOffset;
  /** Shapes of all slices of it that files hold, where ranks saved slices. `file`, `start` and `end` are then the first one's, `shape` too unless the files say the whole. */
  readonly slices?: readonly Shape[];
}

/** A file of the checkpoint. Never a rank's part. */
export interface Shard {
  readonly file: string;
  readonly byteLength: number;
  readonly dataStart: FileOffset;
  readonly tensors: number;
  readonly metadata: ReadonlyMap<string, string> | null;
}

/** Something a reader of the checkpoint should know. `error`: it cannot be used as it is. */
export interface Finding {
  readonly tag: FindingTag;
  readonly message: string;
  readonly severity: 'error' | 'warning';
  readonly file?: string;
  readonly tensor?: string;
  /** Of a file that was not read this time: the tag of the error that it failed with. */
  readonly cause?: ErrorTag;
}

/** A model's files as one value: no handles, survives `structuredClone`. */
export interface Checkpoint {
  readonly identity: string;
  readonly shards: readonly Shard[];
  /** Every tensor that a reader following the index would see, in the order of shards and data. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** config.json, or where only that is there Mistral's params.json, as parsed; null when there is none. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** The name of the file that `config` was read from; absent where it is config.json, or where there is none. */
  readonly configFile?: string;
  /** The text of that file, for writing it again with as few changes as possible. */
  readonly configText: string | null;
  /** What the index's own `metadata` says, null without a read index. */
  readonly indexMetadata: Readonly<Record<string, unknown>> | null;
  /** The index file, null when there is none (or when it has not been read yet). */
  readonly indexFile: string | null;
  /** Every file of the set, shards included. */
  readonly files: readonly FileEntry[];
  readonly findings: readonly Finding[];
  /** Tensors that the index names and no shard that could be read holds, with the shard that should. Absent where none is known. */
  readonly absent?: ReadonlyMap<string, string>;
}
