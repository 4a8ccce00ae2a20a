import type { DType } from './dtype.ts';

declare const fileOffset: unique symbol;
declare const dataOffset: unique symbol;

/** A position counted from byte 0 of the file. */
export type FileOffset = number & { readonly [fileOffset]: true };
/** A position counted from the end of the header: what `data_offsets` hold. */
export type DataOffset = number & { readonly [dataOffset]: true };

export type Shape = readonly number[];

/** One tensor as a header describes it. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Dims, outermost first. A dim above 2^53 − 1 (legal only beside a 0) is rounded here and exact in `exactShape`. */
  readonly shape: Shape;
  readonly exactShape?: readonly bigint[];
  readonly start: DataOffset;
  readonly end: DataOffset;
}

/** A parsed header: `tensors` in the order of their data, `metadata` null when `__metadata__` is absent. */
export interface Header {
  /** The length field: bytes of JSON, padding included. */
  readonly headerLength: number;
  /** Where tensor data begins: 8 + headerLength. */
  readonly dataStart: FileOffset;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string> | null;
}

/** `model.safetensors.index.json`: tensor name → shard file name. `totalSize` null when the index does not say. */
export interface ShardIndex {
  readonly weightMap: ReadonlyMap<string, string>;
  readonly totalSize: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}
