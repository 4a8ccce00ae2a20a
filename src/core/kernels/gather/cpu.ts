/**
 * Elements of one or two inputs in the order of `shape` (C order): element (i, j, k …) is taken from the input that the
 * index in dim `select` names (input 0 when null), at element `bases[input] + Σ index × strides[dim]`, the selecting
 * dim left out. `itemBytes` is the size of one element; bases and strides count elements.
 */
export interface GatherSpec {
  readonly itemBytes: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly bases: readonly number[];
  readonly select: number | null;
}

/** Side of the square blocks in which a transpose walks: two blocks of 64 × 64 16-bit elements fit a first-level cache. */
const BLOCK = 64;

/** The CPU form of the gather kernel. `output` has exactly the product of `shape` elements. Bytes move, values never. */
export function gatherCpu(spec: GatherSpec, inputs: readonly Uint8Array[], output: Uint8Array): void {
  const folded = foldInner(spec);
  const { shape, select } = folded;
  walk(folded, inputs, output, 0, 0, 0, select === null ? 0 : -1, shape.length);
}

/** Merges an innermost dim that is contiguous in the input into the element: row copies instead of element copies. */
function foldInner(spec: GatherSpec): GatherSpec {
  let { itemBytes, shape, strides, bases, select } = spec;
  for (;;) {
    const last = shape.length - 1;
    const inner = shape[last];
    if (last < 0 || inner === undefined || select === last || strides[last] !== 1) break;
    const others = [...strides.slice(0, last).filter((_, dim) => dim !== select), ...bases];
    if (inner !== 1 && others.some((stride) => stride % inner !== 0)) break;
    itemBytes *= inner;
    shape = shape.slice(0, last);
    strides = strides.slice(0, last).map((stride, dim) => (dim === select ? stride : stride / inner));
    bases = bases.map((base) => base / inner);
  }
  return { itemBytes, shape, strides, bases, select };
}

/** Visits the outer dims; `input` −1 means that the selecting dim has not been met yet. Offsets count elements. */
function walk(
  spec: GatherSpec,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  dim: number,
  from: number,
  to: number,
  input: number,
  rank: number,
): void {
  const { shape, strides, select, bases, itemBytes } = spec;
  const inner = rank - dim;
  if (inner === 2 && input >= 0 && itemBytes <= 8) {
    plane(spec, inputs[input] as Uint8Array, output, from + (bases[input] ?? 0), to);
    return;
  }
  if (inner === 0) {
    copyItem(inputs[input] as Uint8Array, output, from + (bases[input] ?? 0), to, itemBytes);
    return;
  }
  const size = shape[dim] ?? 0;
  const stride = strides[dim] ?? 0;
  const step = shape.slice(dim + 1).reduce((product, length) => product * length, 1);
  for (let index = 0; index < size; index++) {
    const chosen = dim === select;
    walk(
      spec,
      inputs,
      output,
      dim + 1,
      chosen ? from : from + index * stride,
      to + index * step,
      chosen ? index : input,
      rank,
    );
  }
}

function copyItem(input: Uint8Array, output: Uint8Array, from: number, to: number, itemBytes: number): void {
  const start = from * itemBytes;
  output.set(input.subarray(start, start + itemBytes), to * itemBytes);
}

/** The two innermost dims of one input, block by block so that both sides stay in cache. */
function plane(spec: GatherSpec, input: Uint8Array, output: Uint8Array, from: number, to: number): void {
  const { shape, strides, itemBytes } = spec;
  const rank = shape.length;
  const rows = shape[rank - 2] ?? 0;
  const columns = shape[rank - 1] ?? 0;
  const rowStride = strides[rank - 2] ?? 0;
  const columnStride = strides[rank - 1] ?? 0;
  const source = elements(input, itemBytes);
  const target = elements(output, itemBytes);
  for (let row0 = 0; row0 < rows; row0 += BLOCK) {
    const row1 = Math.min(rows, row0 + BLOCK);
    for (let column0 = 0; column0 < columns; column0 += BLOCK) {
      const column1 = Math.min(columns, column0 + BLOCK);
      if (source && target) {
        moveBlock(source, target, from, to, row0, row1, column0, column1, rowStride, columnStride, columns);
      } else {
        for (let row = row0; row < row1; row++) {
          for (let column = column0; column < column1; column++) {
            copyItem(
              input,
              output,
              from + row * rowStride + column * columnStride,
              to + row * columns + column,
              itemBytes,
            );
          }
        }
      }
    }
  }
}

type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** The bytes as unsigned integers of the element's size, or null where their address is not a multiple of it. */
function elements(bytes: Uint8Array, itemBytes: number): Elements | null {
  const count = Math.floor(bytes.byteLength / itemBytes);
  if (itemBytes === 1) return bytes;
  if (bytes.byteOffset % itemBytes !== 0) return null;
  if (itemBytes === 2) return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  if (itemBytes === 4) return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
  if (itemBytes === 8) return new BigUint64Array(bytes.buffer, bytes.byteOffset, count);
  return null;
}

function moveBlock(
  source: Elements,
  target: Elements,
  from: number,
  to: number,
  row0: number,
  row1: number,
  column0: number,
  column1: number,
  rowStride: number,
  columnStride: number,
  columns: number,
): void {
  for (let row = row0; row < row1; row++) {
    let at = from + row * rowStride + column0 * columnStride;
    let put = to + row * columns + column0;
    for (let column = column0; column < column1; column++) {
      target[put++] = source[at] as never;
      at += columnStride;
    }
  }
}
