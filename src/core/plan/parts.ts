import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { MatrixView } from '../layouts/types.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import type { FileOffset } from '../safetensors/types.ts';
import type { BytesPart, CopyPart, GatherPart, PackedRows, Part, Span } from './types.ts';

/** One matrix on its way: where it lies now, and where it shall lie inside the target tensor. */
export interface Move {
  readonly from: MatrixView;
  /** The tensor that `from` is a view of. */
  readonly source: CheckpointTensor;
  readonly to: MatrixView;
}

interface Dim {
  readonly size: number;
  /** In elements of the target; decides the order of the dims. */
  readonly to: number;
  /** In elements of the source; NaN for the dim that selects the source. */
  readonly from: number;
}

/**
 * The parts that fill the region of a target tensor which `moves` (one expert's matrices, one or two) tile exactly,
 * in the order of the target's bytes.
 *
 * Derived from strides alone: the dims sorted by their stride in the target are the order in which it is written.
 */
export function partsOf(moves: readonly Move[]): Part[] {
  const [first, second] = [...moves].sort((a, b) => a.to.base - b.to.base);
  if (!first) return [];
  if (!second) return [gather([first], null)];
  const apart = second.to.base - first.to.base;
  const outermost = apart >= extent(first.to) + 1;
  if (outermost) return [gather([first], null), gather([second], null)];
  return [gather([first, second], apart)];
}

/** Largest element offset of a view, from its base. */
function extent(view: MatrixView): number {
  return (view.rows - 1) * view.rowStride + (view.columns - 1) * view.columnStride;
}

function gather(moves: readonly Move[], apart: number | null): Part {
  const [move] = moves as [Move];
  const dims: Dim[] = [
    { size: move.to.rows, to: move.to.rowStride, from: move.from.rowStride },
    { size: move.to.columns, to: move.to.columnStride, from: move.from.columnStride },
  ];
  const itemBytes = bitsOf(move.from.dtype) / 8;
  const joined = apart === null ? null : sameTensor(moves);
  if (apart !== null) dims.push({ size: 2, to: apart, from: joined ?? Number.NaN });
  // A dim of size 1 has no order of its own; keep it outermost so that it cannot split the inner ones.
  dims.sort((a, b) => Number(a.size > 1) - Number(b.size > 1) || b.to - a.to);
  const separate = apart !== null && joined === null;
  const inputs = separate ? moves : [move];
  const reach = joined === null ? 0 : joined;
  const spans = inputs.map((input) => spanOf(input, reach));
  const part: GatherPart = {
    kind: 'gather',
    spans,
    itemBytes,
    shape: dims.map((dim) => dim.size),
    strides: dims.map((dim) => (Number.isNaN(dim.from) ? 0 : dim.from)),
    bases: inputs.map(() => 0),
    select: separate ? dims.findIndex((dim) => Number.isNaN(dim.from)) : null,
  };
  return isCopy(part) ? { kind: 'copy', span: spans[0] as Span } : part;
}

/** Distance in elements when both matrices lie in one source tensor, the first before the second; else null. */
function sameTensor(moves: readonly Move[]): number | null {
  const [first, second] = moves;
  if (!first || !second || first.source.name !== second.source.name) return null;
  const distance = second.from.base - first.from.base;
  return distance > 0 ? distance : null;
}

/** The bytes of the source file that a view touches, `reach` elements further for its twin. */
export function spanOf(move: Move, reach = 0): Span {
  const itemBytes = bitsOf(move.from.dtype) / 8;
  const start = move.source.start + move.from.base * itemBytes;
  const length = (extent(move.from) + reach + 1) * itemBytes;
  return { file: move.source.file, start: start as FileOffset, end: (start + length) as FileOffset };
}

/** True when a gather would write its only span as it is. */
function isCopy(part: GatherPart): boolean {
  if (part.select !== null) return false;
  let expected = 1;
  for (let dim = part.shape.length - 1; dim >= 0; dim--) {
    const size = part.shape[dim] ?? 0;
    if (size > 1 && part.strides[dim] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Bytes that a part writes. */
export function partBytes(part: Part): number {
  if (part.kind === 'copy') return part.span.end - part.span.start;
  if (part.kind === 'bytes') return part.bytes.length;
  if (part.kind === 'dequantise')
    return part.gather ? sizeOf(part.gather) : part.packed.reduce((sum, each) => sum + numbersBytes(each), 0);
  return sizeOf(part);
}

function sizeOf(part: Pick<GatherPart, 'shape' | 'itemBytes'>): number {
  return part.shape.reduce((product, size) => product * size, part.itemBytes);
}

/** Bytes of the bf16 numbers of packed rows. */
export function numbersBytes({ coding }: PackedRows): number {
  return 2 * (coding.format === 'mxfp4' ? coding.groups * 32 : coding.batch * coding.rows * coding.columns);
}

/** Bytes that making a part takes beside what it reads and writes: a twin to hold it to, where a device makes it. */
export function workingBytes(part: Part): number {
  return part.kind === 'dequantise' ? partBytes(part) : 0;
}

/** Bytes of source files that a part reads; none where the plan itself has the bytes. */
export function spansOf(part: Part): readonly Span[] {
  if (part.kind === 'bytes') return [];
  return part.kind === 'copy' ? [part.span] : part.spans;
}

/** Bytes that a part reads. */
export function partReads(part: Part): number {
  return spansOf(part).reduce((sum, span) => sum + (span.end - span.start), 0);
}

/** Joins copies that follow each other in the source too, and bytes that follow each other. */
export function mergeCopies(parts: readonly Part[]): Part[] {
  const merged: Part[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (
      part.kind === 'copy' &&
      last?.kind === 'copy' &&
      last.span.file === part.span.file &&
      last.span.end === part.span.start
    ) {
      merged[merged.length - 1] = joinedCopy(last, part);
    } else if (part.kind === 'bytes' && last?.kind === 'bytes') {
      merged[merged.length - 1] = joinedBytes(last, part);
    } else {
      merged.push(part);
    }
  }
  return merged;
}

function joinedCopy(a: CopyPart, b: CopyPart): CopyPart {
  return { kind: 'copy', span: { file: a.span.file, start: a.span.start, end: b.span.end } };
}

function joinedBytes(a: BytesPart, b: BytesPart): BytesPart {
  return { ...a, bytes: [...a.bytes, ...b.bytes] };
}
