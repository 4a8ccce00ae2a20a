import { type Step, turn16, zip16 } from './turn.ts';

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

/** A gather as walks through one input each; offsets count items of `itemBytes`. */
export interface Moves {
  readonly itemBytes: number;
  readonly inputs: readonly { readonly steps: readonly Step[]; readonly from: number; readonly to: number }[];
}

/** The CPU form of the gather kernel. `output` has exactly the product of `shape` elements. Bytes move, values never. */
export function gatherCpu(spec: GatherSpec, inputs: readonly Uint8Array[], output: Uint8Array): void {
  const { itemBytes, inputs: moves } = movesOf(spec);
  const done = itemBytes === 2 ? zipLines(moves, inputs, output) : 0;
  for (const [index, { steps, from, to }] of moves.entries()) {
    const [lines, ...rest] = steps;
    const left = lines && done > 0 ? [{ ...lines, size: lines.size - done }, ...rest] : steps;
    const [start, put] = [from + done * (lines?.from ?? 0), to + done * (lines?.to ?? 0)];
    if (done < (lines?.size ?? 1)) moveItems(left, inputs[index] as Uint8Array, output, start, put, itemBytes);
  }
}

/** Takes items of two turned inputs by turns; gives how many of the first lines are done then. */
function zipLines(moves: Moves['inputs'], [a, b]: readonly Uint8Array[], output: Uint8Array): number {
  const [first, second] = moves;
  const [lines, along, more] = first?.steps ?? [];
  if (!first || !second || moves.length > 2 || !lines || !along || more || !a || !b) return 0;
  return second.to === first.to + 1 ? zip16(lines, along, [a, b], output, [first.from, second.from], first.to) : 0;
}

/** What is taken from each input and where it goes, in items as large as every stride allows. */
export function movesOf(spec: GatherSpec): Moves {
  const { shape, strides, bases, select, itemBytes } = foldInner(spec);
  const pitches = shape.map((_, dim) => shape.slice(dim + 1).reduce((product, size) => product * size, 1));
  const all = shape.map((size, dim): Step => ({ size, from: strides[dim] ?? 0, to: pitches[dim] ?? 0 }));
  const steps = turnsLast(all.filter((_, dim) => dim !== select));
  const count = select === null ? 1 : (shape[select] ?? 0);
  const inputs = Array.from({ length: count }, (_, input) => {
    return { steps, from: bases[input] ?? 0, to: select === null ? 0 : input * (pitches[select] ?? 0) };
  });
  return { itemBytes, inputs };
}

/** The dims in another order: neighbours in the input just before neighbours in the output, as a plane is turned. */
function turnsLast(steps: readonly Step[]): readonly Step[] {
  const last = steps.at(-1);
  const line = steps.findIndex(({ from }) => from === 1);
  if (!last || line < 0 || line >= steps.length - 1) return steps;
  return [...steps.slice(0, line), ...steps.slice(line + 1, -1), steps[line] as Step, last];
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

/** Moves one input's items, dims from the outermost on; offsets count items. */
export function moveItems(
  steps: readonly Step[],
  input: Uint8Array,
  output: Uint8Array,
  from: number,
  to: number,
  itemBytes: number,
): void {
  const [step, ...rest] = steps;
  if (!step) copyItem(input, output, from, to, itemBytes);
  else if (rest.length === 1 && itemBytes <= 8) plane(step, rest[0] as Step, input, output, from, to, itemBytes);
  else
    for (let i = 0; i < step.size; i++)
      moveItems(rest, input, output, from + i * step.from, to + i * step.to, itemBytes);
}

function copyItem(input: Uint8Array, output: Uint8Array, from: number, to: number, itemBytes: number): void {
  const start = from * itemBytes;
  output.set(input.subarray(start, start + itemBytes), to * itemBytes);
}

/** Two dims of one input, in words where they can be, else block by block so that both sides stay in cache. */
function plane(
  rows: Step,
  columns: Step,
  input: Uint8Array,
  output: Uint8Array,
  from: number,
  to: number,
  itemBytes: number,
): void {
  const turned = itemBytes === 2 ? turn16(rows, columns, input, output, from, to) : null;
  if (!turned) {
    walkPlane(rows, columns, input, output, from, to, itemBytes);
    return;
  }
  const [lines, along] = [rows.size - turned.lines, columns.size - turned.along];
  const below = { ...rows, size: lines };
  const [lineFrom, lineTo] = [turned.lines * rows.from, turned.lines * rows.to];
  if (lines > 0) walkPlane(below, columns, input, output, from + lineFrom, to + lineTo, itemBytes);
  const last = { ...columns, size: along };
  const [itemFrom, itemTo] = [turned.along * columns.from, turned.along * columns.to];
  const above = { ...rows, size: turned.lines };
  if (along > 0) walkPlane(above, last, input, output, from + itemFrom, to + itemTo, itemBytes);
}

function walkPlane(
  rows: Step,
  columns: Step,
  input: Uint8Array,
  output: Uint8Array,
  from: number,
  to: number,
  itemBytes: number,
): void {
  const source = elements(input, itemBytes);
  const target = elements(output, itemBytes);
  for (let row = 0; row < rows.size; row += BLOCK) {
    const down = { ...rows, size: Math.min(BLOCK, rows.size - row) };
    for (let column = 0; column < columns.size; column += BLOCK) {
      const across = { ...columns, size: Math.min(BLOCK, columns.size - column) };
      const start = from + row * rows.from + column * columns.from;
      const put = to + row * rows.to + column * columns.to;
      if (source && target) moveBlock(source, target, start, put, down, across);
      else walkBlock(down, across, input, output, start, put, itemBytes);
    }
  }
}

function walkBlock(
  rows: Step,
  columns: Step,
  input: Uint8Array,
  output: Uint8Array,
  from: number,
  to: number,
  itemBytes: number,
): void {
  for (let row = 0; row < rows.size; row++) {
    for (let column = 0; column < columns.size; column++) {
      const at = from + row * rows.from + column * columns.from;
      copyItem(input, output, at, to + row * rows.to + column * columns.to, itemBytes);
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

function moveBlock(source: Elements, target: Elements, from: number, to: number, rows: Step, columns: Step): void {
  const { size, from: stride, to: pitch } = columns;
  for (let row = 0; row < rows.size; row++) {
    let at = from + row * rows.from;
    let put = to + row * rows.to;
    for (let column = 0; column < size; column++) {
      target[put] = source[at] as never;
      at += stride;
      put += pitch;
    }
  }
}
