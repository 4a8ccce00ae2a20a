import { type GatherSpec, gatherCpu } from '../kernels/gather/cpu.ts';
import type { GatherPart } from '../plan/types.ts';
import type { ByteRange } from '../source/types.ts';
import { MIB } from '../units.ts';

/** A part of the output that a gather kernel made, and which of its spans is meant. */
export interface Gathered {
  readonly part: GatherPart;
  readonly span: number;
  /** Where the part's bytes lie in the output. */
  readonly file: string;
  readonly at: number;
}

/** A stretch of a source file that gather kernels permuted without loss: the parts of the output that hold its elements. */
export interface Region extends ByteRange {
  readonly members: readonly (ByteRange & { readonly gathered: Gathered })[];
}

/** A region is put together in memory as a whole; a longer one is read from the source again. */
const REGION_BYTES = 32 * MIB;

interface ComputedRange extends ByteRange {
  readonly gathered: Gathered | null;
}

/** Regions of a source file whose every element is in the output, in order. Pure. */
export function regionsOf(computed: readonly ComputedRange[]): Region[] {
  const groups: { start: number; end: number; members: ComputedRange[] }[] = [];
  for (const one of [...computed].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = groups.at(-1);
    if (last && one.start < last.end) {
      last.end = Math.max(last.end, one.end);
      last.members.push(one);
    } else groups.push({ start: one.start, end: one.end, members: [one] });
  }
  return groups.flatMap(({ start, end, members }) => {
    const known = members.flatMap(({ gathered, ...range }) => (gathered ? [{ ...range, gathered }] : []));
    const [first] = known;
    const held = known.reduce((sum, { gathered }) => sum + elementsOf(gathered) * gathered.part.itemBytes, 0);
    const sameItems = known.every(({ gathered }) => gathered.part.itemBytes === first?.gathered.part.itemBytes);
    const whole = known.length === members.length && sameItems && held === end - start;
    return whole && end - start <= REGION_BYTES ? [{ start, end, members: known }] : [];
  });
}

/** Elements of one span of a gather that its output holds. */
function elementsOf({ part: { shape, select } }: Gathered): number {
  return shape.reduce((product, size, dim) => (dim === select ? product : product * size), 1);
}

/** Puts the elements that `made`, the bytes of a gather's output, has of one span back where the span has them. */
export function ungather(gathered: Gathered, made: Uint8Array<ArrayBuffer>, target: Uint8Array<ArrayBuffer>): void {
  const inverse = inverseOf(gathered);
  if (inverse) gatherCpu(inverse, [made], target.subarray(0, elementsOf(gathered) * inverse.itemBytes));
  else scatterAll(gathered, made, target);
}

/** The gather that makes the span of the output, null where the output does not fill the span. */
export function inverseOf({ part, span }: Gathered): GatherSpec | null {
  const { shape, strides, select, itemBytes } = part;
  const dims: { readonly size: number; readonly from: number; readonly to: number }[] = [];
  let base = 0;
  let step = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const size = shape[dim] ?? 1;
    if (dim === select) base = span * step;
    else if (size > 1) dims.push({ size, from: step, to: strides[dim] ?? 0 });
    step *= size;
  }
  dims.sort((a, b) => a.to - b.to);
  let expected = 1;
  for (const { size, to } of dims) {
    if (to !== expected) return null;
    expected *= size;
  }
  if ((part.bases[span] ?? 0) !== 0) return null;
  dims.reverse();
  const [sizes, from] = [dims.map(({ size }) => size), dims.map((dim) => dim.from)];
  return { itemBytes, shape: sizes, strides: from, bases: [base], select: null };
}

function scatterAll({ part, span }: Gathered, made: Uint8Array<ArrayBuffer>, target: Uint8Array<ArrayBuffer>): void {
  const { shape, strides, select, itemBytes } = part;
  const size =
    [4, 2].find((n) => [itemBytes, made.byteOffset, target.byteOffset].every((value) => value % n === 0)) ?? 1;
  const from = wordsOf(made, size);
  const to = wordsOf(target, size);
  const words = itemBytes / size;
  const last = shape.length - 1;
  const inner = shape[last] ?? 1;
  const stride = (strides[last] ?? 0) * words;
  let at = 0;
  /** Elements that follow each other in the output, `stride` apart in the span. */
  const scatter = (offset: number) => {
    for (let i = 0, out = offset * words; i < inner; i++, out += stride)
      for (let word = 0; word < words; word++) to[out + word] = from[at++] as number;
  };
  /** The innermost dim selects the span: one element in `inner` is of this one. */
  const pick = (offset: number) => {
    for (let word = 0; word < words; word++) to[offset * words + word] = from[at + span * words + word] as number;
    at += inner * words;
  };
  const walk = (dim: number, offset: number, wanted: boolean) => {
    if (dim < last) {
      for (let i = 0; i < (shape[dim] ?? 0); i++)
        if (dim === select) walk(dim + 1, offset, i === span);
        else walk(dim + 1, offset + i * (strides[dim] ?? 0), wanted);
    } else if (!wanted) at += inner * words;
    else if (last === select) pick(offset);
    else scatter(offset);
  };
  walk(0, part.bases[span] ?? 0, true);
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>, size: number) {
  const Words = size === 4 ? Uint32Array : size === 2 ? Uint16Array : Uint8Array;
  return new Words(buffer, byteOffset, Math.floor(byteLength / size));
}
