import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import type { Engine } from '../kernels/engine.ts';
import { gatherKernel } from '../kernels/gather/kernel.ts';
import type { MatrixView } from '../layouts/types.ts';
import { openOnce } from '../open-once.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import type { FileSet } from '../source/types.ts';

/** Views that lie among each other, read together; all of one shape and one set of strides. */
export interface Strip {
  /** Bytes of the file. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
  /** Numbers of each view in the strip. */
  readonly count: number;
  readonly outer: number;
  readonly inner: number;
  readonly outerStride: number;
  readonly innerStride: number;
  /** Element of the strip at which each view begins. */
  readonly bases: readonly number[];
  readonly itemBytes: number;
}

/** Opens each file of a set once. */
export interface Reader {
  read(strip: Pick<Strip, 'file' | 'start' | 'end'>, signal: AbortSignal | undefined): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

export function createReader(files: FileSet): Reader {
  const sources = openOnce((name) => files.open(name));
  return {
    read: async ({ file, start, end }, signal) => (await sources.open(file)).read({ start, end }, { signal }),
    dispose: sources.dispose,
  };
}

/** Elements from the first to the last that a view takes. */
function reach({ rows, columns, rowStride, columnStride }: MatrixView): number {
  return rows * columns === 0 ? 0 : (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
}

/** True when two views can be one unit: they share bytes between their ends, and one set of strides. */
export function areAmongEachOther(a: MatrixView, b: MatrixView): boolean {
  const same = a.tensor === b.tensor && a.rowStride === b.rowStride && a.columnStride === b.columnStride;
  const shape = a.rows === b.rows && a.columns === b.columns;
  return same && shape && a.base < b.base + reach(b) && b.base < a.base + reach(a);
}

/** Cuts views that lie among each other into strips of at most `most` bytes (one row or column at least). */
export function stripsOf(views: readonly MatrixView[], checkpoint: Checkpoint, most: number): Strip[] {
  const [view] = views;
  const tensor = view && checkpoint.tensors.get(view.tensor);
  if (!view || !tensor) throw new LoomError('internal', 'A view names a tensor that is not there.');
  const itemBytes = bitsOf(view.dtype) / 8;
  const byRows = view.rowStride >= view.columnStride;
  const [outer, inner] = byRows ? [view.rows, view.columns] : [view.columns, view.rows];
  const [outerStride, innerStride] = byRows ? [view.rowStride, view.columnStride] : [view.columnStride, view.rowStride];
  const first = Math.min(...views.map(({ base }) => base));
  const bases = views.map(({ base }) => base - first);
  const lines = Math.max(1, Math.floor(most / itemBytes / Math.max(1, outerStride)));
  const strips: Strip[] = [];
  for (let line = 0; line < outer && inner > 0; line += lines) {
    const taken = Math.min(lines, outer - line);
    const start = tensor.start + (first + line * outerStride) * itemBytes;
    const length = (taken - 1) * outerStride + (inner - 1) * innerStride + Math.max(...bases) + 1;
    const shape = { outer: taken, inner, outerStride, innerStride };
    strips.push({
      file: tensor.file,
      start,
      end: start + length * itemBytes,
      count: taken * inner,
      ...shape,
      bases,
      itemBytes,
    });
  }
  return strips;
}

/** The bytes of one of a strip's views, in the order in which it is stored: as read where they lie in one run. */
export async function gatherView(
  strip: Strip,
  view: number,
  bytes: Uint8Array,
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { outer, inner, outerStride, innerStride, itemBytes, count } = strip;
  const base = strip.bases[view] ?? 0;
  if (innerStride === 1 && (outer === 1 || outerStride === inner)) {
    return bytes.subarray(base * itemBytes, (base + count) * itemBytes);
  }
  const output = new Uint8Array(count * itemBytes);
  const strides = [outerStride, innerStride];
  await engine.run(
    gatherKernel,
    { itemBytes, shape: [outer, inner], strides, bases: [base], select: null },
    [bytes],
    output,
    { signal },
  );
  return output;
}

/** A whole matrix in C order, rows as outputs, whichever way it is stored. */
export async function loadMatrix(
  view: MatrixView,
  checkpoint: Checkpoint,
  { reader, engine, signal }: { reader: Reader; engine: Engine; signal: AbortSignal | undefined },
): Promise<Uint8Array> {
  const tensor = checkpoint.tensors.get(view.tensor) as CheckpointTensor;
  const itemBytes = bitsOf(view.dtype) / 8;
  const start = tensor.start + view.base * itemBytes;
  const bytes = await reader.read({ file: tensor.file, start, end: start + reach(view) * itemBytes }, signal);
  const { rows, columns, rowStride, columnStride } = view;
  const strip = { outer: rows, inner: columns, outerStride: rowStride, innerStride: columnStride };
  const whole = {
    file: tensor.file,
    start,
    end: start + bytes.byteLength,
    count: rows * columns,
    bases: [0],
    itemBytes,
  };
  return gatherView({ ...whole, ...strip }, 0, bytes, engine, signal);
}

/** Bytes that loading a view reads, and again as many where it is gathered. */
export function bytesOfView(view: MatrixView): number {
  return (reach(view) * bitsOf(view.dtype)) / 8;
}
