import { gatherCpu } from '../kernels/gather/cpu.ts';
import { KIB } from '../units.ts';

/** A matrix inside bytes in memory. Base and strides count elements of `itemBytes` bytes. */
export interface Matrix {
  readonly bytes: Uint8Array;
  readonly itemBytes: number;
  readonly base: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Bytes gathered at once where a matrix does not lie row after row. */
export const STRIP_BYTES = 256 * KIB;

export function sizeOf({ rows, columns, itemBytes }: Pick<Matrix, 'rows' | 'columns' | 'itemBytes'>): number {
  return rows * columns * itemBytes;
}

export function isContiguous(view: Omit<Matrix, 'bytes' | 'itemBytes' | 'base'>): boolean {
  return (view.columnStride === 1 || view.columns === 1) && (view.rowStride === view.columns || view.rows === 1);
}

/** A contiguous matrix over bytes of its own. */
export function plainMatrix(bytes: Uint8Array, itemBytes: number, rows: number, columns: number): Matrix {
  return { bytes, itemBytes, base: 0, rows, columns, rowStride: columns, columnStride: 1 };
}

export function transposed(matrix: Matrix): Matrix {
  const { rows, columns, rowStride, columnStride } = matrix;
  return { ...matrix, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride };
}

export function rowOf(matrix: Matrix, row: number): Matrix {
  return { ...matrix, rows: 1, base: matrix.base + row * matrix.rowStride };
}

/** Rows `from`, `from + 2`, … */
export function everyOtherRow(matrix: Matrix, from: number): Matrix {
  return {
    ...matrix,
    base: matrix.base + from * matrix.rowStride,
    rows: Math.max(0, Math.ceil((matrix.rows - from) / 2)),
    rowStride: 2 * matrix.rowStride,
  };
}

/**
 * The bytes of matrices in C order, one after another, in pieces that are valid until the next one is asked for.
 *
 * `strip` is where rows are gathered that do not lie together.
 */
export function* bytesInOrder(matrices: Iterable<Matrix>, strip: Uint8Array): Generator<Uint8Array> {
  for (const matrix of matrices) {
    if (sizeOf(matrix) === 0) continue;
    if (isContiguous(matrix)) {
      const start = matrix.base * matrix.itemBytes;
      yield matrix.bytes.subarray(start, start + sizeOf(matrix));
    } else {
      yield* gathered(matrix, strip);
    }
  }
}

function* gathered(matrix: Matrix, strip: Uint8Array): Generator<Uint8Array> {
  const { rows, columns, itemBytes, rowStride, columnStride } = matrix;
  const items = Math.max(1, Math.floor(strip.byteLength / itemBytes));
  const width = Math.min(columns, items);
  const height = Math.max(1, Math.min(rows, Math.floor(items / columns)));
  for (let row = 0; row < rows; row += height) {
    for (let column = 0; column < columns; column += width) {
      const shape = [Math.min(height, rows - row), Math.min(width, columns - column)] as const;
      const output = strip.subarray(0, shape[0] * shape[1] * itemBytes);
      const bases = [matrix.base + row * rowStride + column * columnStride];
      gatherCpu({ itemBytes, shape, strides: [rowStride, columnStride], bases, select: null }, [matrix.bytes], output);
      yield output;
    }
  }
}

/** One copy of matrices, one after another in C order. */
export function copyInOrder(matrices: readonly Matrix[], strip: Uint8Array): Uint8Array {
  const output = new Uint8Array(matrices.reduce((sum, matrix) => sum + sizeOf(matrix), 0));
  let at = 0;
  for (const bytes of bytesInOrder(matrices, strip)) {
    output.set(bytes, at);
    at += bytes.byteLength;
  }
  return output;
}

/** Where two runs of bytes differ. */
export interface ByteDifference {
  /** Bytes that differ, and the first and the last of them. */
  readonly count: number;
  readonly first: number;
  readonly last: number;
  /** Values at `first`. */
  readonly left: number;
  readonly right: number;
  /** True when every byte of the second run from `first` to `last` is 0. */
  readonly zeros: boolean;
  /** Bytes compared; fewer than there are when the comparison was given up. */
  readonly compared: number;
}

/** Compares runs of bytes of equal total length, however they are cut; what differs is counted piece by piece. */
export class ByteComparison {
  private at = 0;
  private count = 0;
  private first = -1;
  private last = -1;
  private values: readonly [number, number] = [0, 0];
  /** The first byte from `first` on that is not 0 in the second run. */
  private nonzero = Number.POSITIVE_INFINITY;

  /** Takes the next bytes of both runs. */
  add(left: Uint8Array, right: Uint8Array): void {
    const start = firstDifference(left, right);
    if (start !== null && this.first < 0) {
      this.first = this.at + start;
      this.values = [left[start] ?? 0, right[start] ?? 0];
    }
    if (this.first >= 0 && this.nonzero === Number.POSITIVE_INFINITY) this.seekNonzero(right);
    if (start !== null) this.tally(left, right, start);
    this.at += left.byteLength;
  }

  private seekNonzero(right: Uint8Array): void {
    for (let i = Math.max(0, this.first - this.at); i < right.byteLength; i++) {
      if (right[i] !== 0) {
        this.nonzero = this.at + i;
        return;
      }
    }
  }

  private tally(left: Uint8Array, right: Uint8Array, start: number): void {
    let count = 0;
    let last = start;
    for (let i = start; i < left.byteLength; i++) {
      if (left[i] !== right[i]) {
        count++;
        last = i;
      }
    }
    this.count += count;
    this.last = this.at + last;
  }

  /** Null when nothing differs so far. */
  result(): ByteDifference | null {
    if (this.first < 0) return null;
    const [left, right] = this.values;
    const { count, first, last, at: compared } = this;
    return { count, first, last, left, right, zeros: this.nonzero > last, compared };
  }
}

/**
 * How two runs of matrices differ, or null. Given up early once `hopeless` says so of what was found.
 *
 * Both runs have the same number of bytes.
 */
export function compareInOrder(
  left: Iterable<Matrix>,
  right: Iterable<Matrix>,
  strips: readonly [Uint8Array, Uint8Array],
  hopeless: (found: ByteDifference) => boolean,
): ByteDifference | null {
  const comparison = new ByteComparison();
  const a = bytesInOrder(left, strips[0]);
  const b = bytesInOrder(right, strips[1]);
  let x: Uint8Array = new Uint8Array();
  let y: Uint8Array = new Uint8Array();
  for (;;) {
    if (x.byteLength === 0) x = a.next().value ?? x;
    if (y.byteLength === 0) y = b.next().value ?? y;
    const length = Math.min(x.byteLength, y.byteLength, STRIP_BYTES);
    if (length === 0) return comparison.result();
    comparison.add(x.subarray(0, length), y.subarray(0, length));
    const found = comparison.result();
    if (found && hopeless(found)) return found;
    x = x.subarray(length);
    y = y.subarray(length);
  }
}

/** The first index at which two equally long byte arrays differ, or null. Compares four bytes at a time where it can. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | null {
  const words = Math.floor(a.byteLength / 4);
  let from = 0;
  if (a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0) {
    const x = new Uint32Array(a.buffer, a.byteOffset, words);
    const y = new Uint32Array(b.buffer, b.byteOffset, words);
    let at = 0;
    while (at < x.length && x[at] === y[at]) at++;
    if (at === x.length && a.byteLength === words * 4) return null;
    from = at * 4;
  }
  for (let at = from; at < a.byteLength; at++) {
    if (a[at] !== b[at]) return at;
  }
  return null;
}
