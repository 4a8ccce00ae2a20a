import type { Budget } from '../budget.ts';
import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import type { MatrixView } from '../layouts/types.ts';
import { openOnce } from '../open-once.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import type { Matrix } from './matrix.ts';

export interface VerifySide {
  readonly checkpoint: Checkpoint;
  readonly files: FileSet;
}

/** Bytes of a file, from its byte 0. */
export interface Located {
  readonly start: number;
  readonly end: number;
}

/** Reads the matrices of one checkpoint; opens each file once. */
export interface Reader {
  readonly checkpoint: Checkpoint;
  source(file: string): Promise<ByteSource>;
  /** The matrices of views, in their order; bytes that views share are read once. They are held outside the budget's sight. */
  load(views: readonly MatrixView[]): Promise<Matrix[]>;
  dispose(): Promise<void>;
}

export function createReader({ checkpoint, files }: VerifySide, signal: AbortSignal | undefined): Reader {
  const { open: source, dispose } = openOnce((file) => files.open(file, { signal }));
  const read = async ({ file, start, end }: FileSpan) => (await source(file)).read({ start, end }, { signal });
  return {
    checkpoint,
    source,
    load: async (views) => {
      const places = views.map((view) => placeOf(view, checkpoint));
      const spans = mergeSpans(places);
      const bytes = await Promise.all(spans.map(read));
      return views.map((view, at) => {
        const place = places[at] as FileSpan;
        const index = spans.findIndex(
          (span) => span.file === place.file && span.start <= place.start && place.end <= span.end,
        );
        const span = spans[index] as FileSpan;
        return matrixIn(view, (bytes[index] as Uint8Array).subarray(place.start - span.start, place.end - span.start));
      });
    },
    dispose,
  };
}

interface FileSpan extends Located {
  readonly file: string;
}

function placeOf(view: MatrixView, checkpoint: Checkpoint): FileSpan {
  const tensor = checkpoint.tensors.get(view.tensor) as CheckpointTensor;
  return { file: tensor.file, ...locate(tensor, view) };
}

/** Bytes of the file that a view touches. */
export function locate(tensor: CheckpointTensor, view: MatrixView): Located {
  const itemBytes = bitsOf(view.dtype) / 8;
  const start = tensor.start + view.base * itemBytes;
  const last = (view.rows - 1) * view.rowStride + (view.columns - 1) * view.columnStride;
  return { start, end: view.rows * view.columns === 0 ? start : start + (last + 1) * itemBytes };
}

/** False when the tensor is shorter than its layer's layout says. */
export function holdsView(tensor: CheckpointTensor, view: MatrixView): boolean {
  return locate(tensor, view).end <= tensor.end;
}

/** Spans that overlap become one; those that only touch stay apart. */
function mergeSpans(places: readonly FileSpan[]): FileSpan[] {
  const merged: FileSpan[] = [];
  for (const place of [...places].sort((a, b) => a.start - b.start)) {
    const at = merged.findIndex(
      (span) => span.file === place.file && place.start < span.end && span.start <= place.start,
    );
    const span = merged[at];
    if (span) merged[at] = { ...span, end: Math.max(span.end, place.end) };
    else merged.push(place);
  }
  return merged;
}

/** True when reading two views one after the other would read bytes twice. */
export function overlap(a: Located, b: Located): boolean {
  return a.start < b.end && b.start < a.end;
}

/** A view over its own bytes. Elements smaller than a byte are taken a row at a time, as bytes. */
function matrixIn(view: MatrixView, bytes: Uint8Array): Matrix {
  const { rows, columns, rowStride, columnStride, dtype } = view;
  const bits = bitsOf(dtype);
  if (bits % 8 === 0) return { bytes, itemBytes: bits / 8, base: 0, rows, columns, rowStride, columnStride };
  const perRow = (columns * bits) / 8;
  const stride = (rowStride * bits) / 8;
  if (columnStride === 1 && Number.isInteger(perRow) && Number.isInteger(stride)) {
    return { bytes, itemBytes: 1, base: 0, rows, columns: perRow, rowStride: stride, columnStride: 1 };
  }
  const length = bytes.byteLength;
  return { bytes, itemBytes: 1, base: 0, rows: 1, columns: length, rowStride: length, columnStride: 1 };
}

/** Bytes that loading views of one expert holds at once, at most. */
export function heldBytes(views: readonly MatrixView[], checkpoint: Checkpoint): number {
  const spans = mergeSpans(views.map((view) => placeOf(view, checkpoint)));
  return spans.reduce((sum, span) => sum + (span.end - span.start), 0);
}

/** Runs `work` while `bytes` are taken out of the budget. */
export async function holding<T>(
  budget: Budget,
  bytes: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const release = await budget.take(bytes, signal);
  try {
    return await work();
  } finally {
    release();
  }
}
