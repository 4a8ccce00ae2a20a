import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import { dequantiseCpu } from '../kernels/dequantise/cpu.ts';
import { scalesAsF32 } from '../kernels/dequantise/scales.ts';
import { openOnce } from '../open-once.ts';
import { MX_GROUP, type PackedTensor, unpackCheckpoint } from '../plan/unpack.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import type { ByteRange, ByteSource, FileSet, ReadOptions } from '../source/types.ts';
import type { Entry, Piece } from './types.ts';

/** One side with its quantised tensors unpacked to bf16, or unchanged. */
export interface Unpacked {
  readonly checkpoint: Checkpoint;
  /** Packed tensors by the name of the virtual file of their bf16 tensor; empty if the side is unchanged. */
  readonly packed: ReadonlyMap<string, PackedTensor>;
  /** Tensors that are left out: scales of activations. */
  readonly dropped: readonly CheckpointTensor[];
}

/** Quantised weights are unpacked for the comparison, except when both sides have the same format. */
export function unpackedSides(
  left: Checkpoint,
  right: Checkpoint,
): { readonly left: Unpacked; readonly right: Unpacked } {
  const [a, b] = [unpackCheckpoint(left), unpackCheckpoint(right)];
  const alike = a.summary.formats.join() === b.summary.formats.join();
  return { left: alike ? asItIs(left) : unpacked(left), right: alike ? asItIs(right) : unpacked(right) };
}

export function asItIs(checkpoint: Checkpoint): Unpacked {
  return { checkpoint, packed: new Map(), dropped: [] };
}

export function unpacked(source: Checkpoint): Unpacked {
  const { checkpoint, packed, dropped } = unpackCheckpoint(source);
  return { checkpoint, packed, dropped: dropped.flatMap((name) => source.tensors.get(name) ?? []) };
}

/** The entry with the stored bytes and dtype instead of those of bf16. */
export function asStored(entry: Entry, left: Unpacked, right: Unpacked): Entry {
  const [from, to] = [storedPiece(entry.left, left), storedPiece(entry.right, right)];
  if (from === entry.left && to === entry.right) return entry;
  const stored = { ...entry, left: from, right: to };
  if (!from || !to || entry.status === 'shape-changed') return stored;
  const rest = entry.steps.filter((step) => step !== 'Keep' && step !== 'Rename' && step !== 'Cast');
  const steps = [...(from.stored ? (['Dequantize'] as const) : []), ...rest, ...(to.stored ? (['Cast'] as const) : [])];
  const note = `${storedText(from)} on the left, ${storedText(to)} on the right`;
  return { ...stored, status: 'dtype-changed', steps, note };
}

function storedPiece(piece: Piece | null, { packed }: Unpacked): Piece | null {
  const stored = piece && packed.get(piece.tensor.file);
  if (!piece || !stored) return piece;
  const { codes, scales } = stored;
  const size = codes.end - codes.start + (scales ? scales.end - scales.start : 0);
  return { ...piece, bytes: (piece.bytes / (piece.tensor.end - piece.tensor.start)) * size, stored };
}

/** `F8_E4M3 × F32 scales`. */
export function storedText({ tensor, view, stored }: Piece): string {
  if (!stored) return view?.dtype ?? tensor.dtype;
  const name = stored.format === 'mxfp4' ? 'MXFP4' : stored.codes.dtype;
  return stored.scales && stored.format !== 'mxfp4' ? `${name} × ${stored.scales.dtype} scales` : name;
}

/** The position of the codes of a quantised piece, of its whole matrix. */
export function storedRange({ view, stored }: Piece): ByteRange | null {
  if (!stored) return null;
  const { codes, matrices, rows, columns } = stored;
  if (!view) return { start: codes.start, end: codes.end };
  const size = (codes.end - codes.start) / Math.max(1, matrices);
  const at = Math.floor(view.base / Math.max(1, rows * columns));
  return { start: codes.start + at * size, end: codes.start + (at + 1) * size };
}

/** The files and the virtual files of bf16 tensors, whose values are computed while they are read. */
export function unpackedFiles(files: FileSet, packed: ReadonlyMap<string, PackedTensor>): FileSet {
  if (packed.size === 0) return files;
  const { open: source, dispose } = openOnce((name) => files.open(name));
  return {
    identity: files.identity,
    list: (options) => files.list(options),
    open: async (name, options) => {
      const tensor = packed.get(name);
      return tensor ? unpackedSource(name, tensor, source) : files.open(name, options);
    },
    dispose,
  };
}

function unpackedSource(key: string, tensor: PackedTensor, open: (file: string) => Promise<ByteSource>): ByteSource {
  const matrixBytes = 2 * tensor.rows * tensor.columns;
  return {
    key,
    byteLength: matrixBytes * tensor.matrices,
    read: async (range, options) => {
      const output = new Uint8Array(range.end - range.start);
      for (let at = Math.floor(range.start / matrixBytes); at * matrixBytes < range.end; at += 1) {
        const first = at * matrixBytes;
        const [from, to] = [Math.max(range.start, first), Math.min(range.end, first + matrixBytes)];
        if (to <= from) continue;
        const rows = tensor.turned ? ([0, tensor.rows] as const) : blockRowsOf(tensor, from - first, to - first);
        const made = await decodeRows(tensor, at, rows, open, options);
        const skip = tensor.turned ? 0 : rows[0] * 2 * tensor.columns;
        const bytes = tensor.turned ? turn(made, tensor.rows, tensor.columns) : made;
        output.set(bytes.subarray(from - first - skip, to - first - skip), from - range.start);
      }
      return output;
    },
  };
}

/** Rows that hold bytes `from` to `to` of a matrix, whole blocks of them. */
function blockRowsOf({ rows, columns, blockRows }: PackedTensor, from: number, to: number): readonly [number, number] {
  const perRow = 2 * columns;
  const first = Math.floor(from / perRow / blockRows) * blockRows;
  return [first, Math.min(rows, Math.ceil(to / perRow / blockRows) * blockRows)];
}

async function decodeRows(
  tensor: PackedTensor,
  matrix: number,
  [first, end]: readonly [number, number],
  open: (file: string) => Promise<ByteSource>,
  options: ReadOptions | undefined,
): Promise<Uint8Array> {
  const { codes, scales, format, rows, columns, blockRows, blockColumns } = tensor;
  const read = async ({ file, start }: CheckpointTensor, from: number, to: number) =>
    (await open(file)).read({ start: start + from, end: start + to }, { signal: options?.signal });
  const codesPerRow = (codes.end - codes.start) / (tensor.matrices * rows);
  const top = matrix * rows;
  const stored = await read(codes, (top + first) * codesPerRow, (top + end) * codesPerRow);
  const output = new Uint8Array(2 * (end - first) * columns);
  if (format === 'mxfp4') {
    if (!scales) throw new LoomError('internal', `${codes.name} has no scales.`, { tensor: codes.name });
    const perRow = columns / MX_GROUP;
    const factors = await read(scales, (top + first) * perRow, (top + end) * perRow);
    dequantiseCpu({ format, groups: (end - first) * perRow }, [stored, factors], output);
    return output;
  }
  const grid = { rows: Math.ceil(rows / blockRows), columns: Math.ceil(columns / blockColumns) };
  const own = [Math.floor(first / blockRows), Math.ceil(end / blockRows)].map((row) => row * grid.columns);
  const [from = 0, to = 0] = own.map(
    (at) => ((matrix * grid.rows * grid.columns + at) * bitsOf(scales?.dtype ?? 'F32')) / 8,
  );
  const factors = scales ? scalesAsF32(await read(scales, from, to), scales.dtype) : scalesAsF32(stored, null);
  const spec = { format, batch: 1, rows: end - first, columns, blockRows, blockColumns };
  dequantiseCpu(spec, [stored, factors], output);
  return output;
}

/** A matrix of 16-bit numbers with rows and columns exchanged. */
function turn(bytes: Uint8Array, rows: number, columns: number): Uint8Array {
  const from = new Uint16Array(bytes.buffer, bytes.byteOffset, rows * columns);
  const to = new Uint16Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1)
      to[column * rows + row] = from[row * columns + column] as number;
  }
  return new Uint8Array(to.buffer);
}
