import { LoomError } from '../errors.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { MIB } from '../units.ts';
import type { Coding, DequantisePart, GatherPart, PackedRows, Part, Span } from './types.ts';
import { MX_BYTES, MX_GROUP, type PackedTensor } from './unpack.ts';

/** Numbers of a copied tensor come in parts of at most this many bytes, as whole blocks where these are no larger. */
const CHUNK_BYTES = 16 * MIB;

/** Parts whose spans may lie in unpacked tensors, as parts that are made of the packed ones. */
export function unpackParts(
  parts: readonly Part[],
  packed: ReadonlyMap<string, PackedTensor>,
  chunkBytes: number = CHUNK_BYTES,
): Part[] {
  return parts.flatMap((part): Part[] => {
    if (part.kind === 'copy') {
      const tensor = packed.get(part.span.file);
      if (!tensor) return [part];
      return tensor.turned ? turnedCopies(part.span, tensor) : copyParts(part.span, tensor, chunkBytes);
    }
    if (part.kind !== 'gather' || !part.spans.some(({ file }) => packed.has(file))) return [part];
    return [gatherPart(part, packed)];
  });
}

/** Rows of a tensor, counted through all its matrices. */
interface Rows {
  readonly first: number;
  readonly end: number;
}

function rowsOf({ start, end }: Span, { columns, codes }: PackedTensor): Rows {
  const rowBytes = 2 * columns;
  if (start % rowBytes !== 0 || end % rowBytes !== 0)
    throw new LoomError('internal', `A part of ${codes.name} is not made of whole rows.`, { tensor: codes.name });
  return { first: start / rowBytes, end: end / rowBytes };
}

function copyParts(span: Span, tensor: PackedTensor, chunkBytes: number): DequantisePart[] {
  const parts: DequantisePart[] = [];
  const { rows, columns, blockRows } = tensor;
  const most = Math.max(1, Math.floor(chunkBytes / (2 * columns)));
  const step = most >= blockRows ? most - (most % blockRows) : most;
  const { first, end } = rowsOf(span, tensor);
  for (let row = first; row < end; ) {
    const inMatrix = row % rows;
    const matrixEnd = row - inMatrix + rows;
    const inBlock = inMatrix % blockRows;
    // A part begins where a block does, or lies in one.
    const room = inBlock === 0 && step >= blockRows ? step : Math.min(step, blockRows - inBlock);
    const until = Math.min(end, matrixEnd, row + room);
    const { spans, packed } = packedRows(tensor, { first: row, end: until });
    parts.push({ kind: 'dequantise', spans, packed: [packed], gather: null });
    row = until;
  }
  return parts;
}

/** Whole lines of turned matrices, a part for each matrix: their bytes run across the packed rows. */
function turnedCopies(span: Span, tensor: PackedTensor): DequantisePart[] {
  const { rows, columns, codes } = tensor;
  const lineBytes = 2 * rows;
  if (span.start % lineBytes !== 0 || span.end % lineBytes !== 0)
    throw new LoomError('internal', `A part of ${codes.name} is not made of whole rows.`, { tensor: codes.name });
  const parts: DequantisePart[] = [];
  for (let line = span.start / lineBytes; line < span.end / lineBytes; ) {
    const matrix = Math.floor(line / columns);
    const end = Math.min(span.end / lineBytes, (matrix + 1) * columns);
    const { spans, packed } = packedRows(tensor, { first: matrix * rows, end: (matrix + 1) * rows });
    const shape = { itemBytes: 2, shape: [end - line, rows], strides: [1, columns] };
    parts.push({
      kind: 'dequantise',
      spans,
      packed: [packed],
      gather: { ...shape, bases: [line % columns], select: null },
    });
    line = end;
  }
  return parts;
}

/** Where an element of the unpacked tensor stands among the packed numbers; also for distances between elements. */
function turnedBack(element: number, { rows, columns }: PackedTensor): number {
  const size = rows * columns;
  const within = element % size;
  return element - within + Math.floor(within / rows) + (within % rows) * columns;
}

function gatherPart(part: GatherPart, packed: ReadonlyMap<string, PackedTensor>): DequantisePart {
  const { kind, spans, ...gather } = part;
  const inputs = spans.map((span) => {
    const tensor = packed.get(span.file);
    if (!tensor) throw new LoomError('internal', `${span.file} is joined with weights that are packed.`);
    const rows = covering(span, tensor);
    const place = (base: number) => {
      const element = span.start / 2 + base;
      return (tensor.turned ? turnedBack(element, tensor) : element) - rows.first * tensor.columns;
    };
    return { ...packedRows(tensor, rows), place, tensor };
  });
  const { turned } = inputs[0]?.tensor ?? { turned: false };
  const strides = gather.strides.map((stride) => {
    const tensor = inputs[0]?.tensor;
    return tensor && turned ? turnedBack(stride, tensor) : stride;
  });
  return {
    kind: 'dequantise',
    spans: inputs.flatMap((input) => input.spans),
    packed: inputs.map((input) => input.packed),
    gather: { ...gather, strides, bases: gather.bases.map((base, at) => inputs[at]?.place(base) ?? base) },
  };
}

/** The fewest rows that hold a span and can be unpacked by themselves. */
function covering({ start, end }: Span, { columns, rows, blockRows, turned }: PackedTensor): Rows {
  const first = Math.floor(start / 2 / columns);
  const last = Math.ceil(end / 2 / columns);
  const [firstMatrix, lastMatrix] = [
    Math.floor(start / 2 / columns / rows),
    Math.floor((end / 2 - 1) / columns / rows),
  ];
  if (turned || firstMatrix !== lastMatrix) return { first: firstMatrix * rows, end: (lastMatrix + 1) * rows };
  const matrix = first - (first % rows);
  const inOneBlock = Math.floor((first % rows) / blockRows) === Math.floor(((last - 1) % rows) / blockRows);
  return inOneBlock ? { first, end: last } : { first: matrix + floorTo(first - matrix, blockRows), end: last };
}

const floorTo = (value: number, step: number) => value - (value % step);

/** Codes and scales of rows that begin where a block does, or lie in one; whole matrices where they are of several. */
function packedRows(
  tensor: PackedTensor,
  { first, end }: Rows,
): { readonly spans: readonly Span[]; readonly packed: PackedRows } {
  const { codes, scales, columns, format } = tensor;
  const codeBytes = format === 'mxfp4' ? (columns / MX_GROUP) * MX_BYTES : columns;
  const span = (of: { readonly file: string; readonly start: number }, from: number, to: number): Span => ({
    file: of.file,
    start: (of.start + from) as FileOffset,
    end: (of.start + to) as FileOffset,
  });
  const spans = [span(codes, first * codeBytes, end * codeBytes)];
  if (scales) {
    const grid = gridRows(tensor, { first, end });
    const rowBytes = (Math.ceil(columns / tensor.blockColumns) * bitsOf(scales.dtype)) / 8;
    spans.push(span(scales, grid.first * rowBytes, grid.end * rowBytes));
  }
  return { spans, packed: { coding: codingOf(tensor, { first, end }), scales: scales?.dtype ?? null } };
}

/** Rows of the grid of scales that serve rows of numbers. */
function gridRows({ rows, blockRows }: PackedTensor, { first, end }: Rows): Rows {
  const down = Math.ceil(rows / blockRows);
  const at = (row: number) => Math.floor(row / rows) * down + Math.floor((row % rows) / blockRows);
  return { first: at(first), end: at(end - 1) + 1 };
}

function codingOf(tensor: PackedTensor, { first, end }: Rows): Coding {
  const { format, rows, columns, blockRows, blockColumns } = tensor;
  const count = end - first;
  if (format === 'mxfp4') return { format, groups: (count * columns) / MX_GROUP };
  const several = Math.floor(first / rows) !== Math.floor((end - 1) / rows);
  const [batch, height] = several ? [count / rows, rows] : [1, count];
  return { format, batch, rows: height, columns, blockRows: Math.min(blockRows, height), blockColumns };
}
