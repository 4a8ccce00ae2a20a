import type { NeededValue } from '../checkpoint/read-companion-values.ts';
import type { Family, GroupKind, Reading, TargetLayout } from '../layouts/types.ts';
import type { DType, Fp8 } from '../safetensors/dtype.ts';
import type { FileOffset, Shape } from '../safetensors/types.ts';
import type { REFUSALS } from './refusals.ts';

/** Bytes of a source file, from byte 0 of the file. */
export interface Span {
  readonly file: string;
  readonly start: FileOffset;
  readonly end: FileOffset;
}

/** Bytes passed on as they are. */
export interface CopyPart {
  readonly kind: 'copy';
  readonly span: Span;
}

/**
 * Elements gathered from one or two spans into C order.
 *
 * The output has `shape`; element (i, j, k …) comes from the span that the index in dim `select` names (span 0 when
 * `select` is null), at element `bases[span] + Σ index × strides[dim]` of that span, the selecting dim left out.
 * `itemBytes` is the size of one element; offsets and strides count elements.
 */
export interface GatherPart {
  readonly kind: 'gather';
  readonly spans: readonly Span[];
  readonly itemBytes: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly bases: readonly number[];
  readonly select: number | null;
}

/** A few bytes that the plan itself worked out. */
export interface BytesPart {
  readonly kind: 'bytes';
  readonly bytes: readonly number[];
  /** Where the value lies that they were worked out from, or the first of several. */
  readonly origin: Span;
}

/** How the numbers of quantised weights are coded: what the dequantise kernel takes. */
export type Coding =
  | {
      readonly format: Fp8;
      readonly batch: number;
      readonly rows: number;
      readonly columns: number;
      readonly blockRows: number;
      readonly blockColumns: number;
    }
  | { readonly format: 'mxfp4'; readonly groups: number };

/** Whole rows of one quantised tensor: their codes, and the scales that these share. */
export interface PackedRows {
  readonly coding: Coding;
  /** Dtype of the scales, null where there are none and every number represents itself. */
  readonly scales: DType | null;
}

/**
 * Numbers of quantised weights as bf16: those of one tensor, or of two.
 *
 * `spans` holds the codes and (unless `scales` is null) the scales of each of `packed`, by turns. The numbers are then
 * gathered as a {@link GatherPart} says whose spans they are; where `gather` is null they are the output.
 */
export interface DequantisePart {
  readonly kind: 'dequantise';
  readonly spans: readonly Span[];
  readonly packed: readonly PackedRows[];
  readonly gather: Omit<GatherPart, 'kind' | 'spans'> | null;
}

export type Part = CopyPart | GatherPart | BytesPart | DequantisePart;

/** What a plan unpacks. Never lossless: what was packed cannot be had back from the output. */
export interface Unpacked {
  readonly dtype: 'bf16';
  /** As people call them: `FP8 e4m3`, `MXFP4`. */
  readonly formats: readonly string[];
  /** Source tensors that hold numbers. */
  readonly tensors: number;
}

/** Conversion operations, as transformers names them. `Rename` and `Keep` move no bytes inside a tensor. */
export type Operation =
  | 'Dequantize'
  | 'MergeModulelist'
  | 'SplitModulelist'
  | 'Concatenate'
  | 'Chunk'
  | 'Interleave'
  | 'Deinterleave'
  | 'Transpose'
  | 'Flatten'
  | 'Unflatten'
  | 'Rename'
  | 'Keep';

/** One tensor to write: its bytes are its parts, one after another. */
export interface OutputTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly exactShape?: readonly bigint[];
  readonly byteLength: number;
  /** Where it starts in its output file. */
  readonly start: FileOffset;
  readonly parts: readonly Part[];
  readonly operations: readonly Operation[];
  /** True when it holds routed experts. */
  readonly expert: boolean;
}

export interface OutputShard {
  readonly file: string;
  readonly byteLength: number;
  /** The length field and the padded header, ready to write. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** In the order of their bytes. */
  readonly tensors: readonly OutputTensor[];
}

/** Ids of conversion targets, as the command line and addresses spell them. */
export type Target = TargetLayout;

/** Why a plan cannot be run; `group` is a layer group's prefix. */
export interface Refusal {
  readonly tag: RefusalTag;
  readonly message: string;
  readonly group?: string;
  /** Present where these values, once read, decide; never beside refusals that stand whatever they are. */
  readonly needs?: readonly NeededValue[];
  /** What the names may mean: each can be assumed. */
  readonly readings?: readonly Reading[];
}

export type RefusalTag = keyof typeof REFUSALS;

/** What happens to one layer group. */
export interface GroupStep {
  readonly prefix: string;
  readonly index: number | null;
  readonly kind: GroupKind;
  readonly from: Family;
  readonly to: Target | null;
  readonly operations: readonly Operation[];
}

export interface ConfigChange {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly reason: string;
  /** True where the key is taken out; `after` is null then. */
  readonly removed?: true;
}

/** An entry of `__metadata__` that every output shard has. */
export interface CarriedMetadata {
  readonly key: string;
  readonly value: string;
  /** How many different values of the source's shards stand in it; null where they said one. */
  readonly joined: number | null;
}

export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

/** A conversion as a value: pure, structured-cloneable; what is shown, printed and run. */
export interface ConversionPlan {
  readonly source: string;
  readonly target: Target;
  /** `whole`: every tensor; `partial`: only the chosen layers' tensors; `mixed`: chosen layers converted, the rest as it was. */
  readonly scope: 'whole' | 'partial' | 'mixed';
  /** Numbers of the chosen layers, null for all. */
  readonly layers: readonly number[] | null;
  readonly shards: readonly OutputShard[];
  /** Text of `model.safetensors.index.json`. */
  readonly index: string;
  readonly configChanges: readonly ConfigChange[];
  /** The config to write: its name where it is not config.json, and its text. Null when the source has none. `changed` false: the file's own bytes are copied. */
  readonly config: { readonly file?: string; readonly text: string; readonly changed: boolean } | null;
  /** `__metadata__` of every output shard, from that of the source's. */
  readonly metadata: readonly CarriedMetadata[];
  /** Files copied as they are. */
  readonly copies: readonly { readonly file: string; readonly byteLength: number }[];
  readonly skipped: readonly SkippedFile[];
  readonly groups: readonly GroupStep[];
  /** What a person should know of this target for this architecture; experts that stay as they are. */
  readonly notes: readonly string[];
  /** Those of the notes that say what was assumed; absent where nothing was. */
  readonly assumed?: readonly string[];
  /** Null where every byte of every weight is kept. */
  readonly unpacked: Unpacked | null;
  readonly tensors: number;
  /** Tensor bytes of the output. */
  readonly bytes: number;
  /** Largest number of bytes that one part needs in memory at once. */
  readonly peakPartBytes: number;
  /** Empty when the plan can be run; otherwise there are no shards. */
  readonly refusals: readonly Refusal[];
}
