import { packingOf } from '../safetensors/dtype.ts';
import { dialectOf, orientationOf } from './dialects.ts';
import { type Joint, jointOf, type PartKind, partKind } from './parts.ts';
import { innerShape, isSharedByAll } from './sizes.ts';
import type { ExpertMember, LayerGroup, MatrixView, Projection } from './types.ts';

/** A view before the split of gate and up, with the shape it came from. */
type Whole = Omit<MatrixView, 'tensor' | 'dtype'>;

/**
 * Where the canonical [out, in] matrix of one expert lies in its tensor, in elements of the tensor's dtype.
 *
 * Vectors over outputs (biases) are [rows, 1], vectors over inputs [1, columns], scalars [1, 1]. Packed and block-scaled
 * parts are viewed in their own elements, opaque ones whole as [size, 1]; what all experts share is the same for each. A part of gate and up together that is one
 * value for both gives gate and up the same view. Null when the group has no such part, or when it cannot be split:
 * gate and up share a block, experts share an opaque tensor, or the orientation is not known.
 */
export function matrixView(
  group: LayerGroup,
  projection: Projection,
  expert: number,
  part = 'weight',
): MatrixView | null {
  if (!Number.isSafeInteger(expert) || expert < 0 || expert >= (group.experts ?? 0)) return null;
  const first = firstView(group, projection, part);
  if (!first) return null;
  const { view, step, name } = first;
  return { ...view, tensor: name.join(String(expert)), base: view.base + expert * step };
}

/** The view of expert 0, and how those of the others follow from it. */
interface FirstView {
  readonly view: Omit<MatrixView, 'tensor'>;
  /** Elements from one expert to the next in one tensor; 0 where each expert is a separate tensor, or all share one. */
  readonly step: number;
  /** The tensor's name without the number of the expert. */
  readonly name: readonly string[];
}

/** Groups are values: a view is worked out once, not for each of half a million experts. */
const FIRST = new WeakMap<LayerGroup, Map<string, FirstView | null>>();

function firstView(group: LayerGroup, projection: Projection, part: string): FirstView | null {
  const known = FIRST.get(group) ?? new Map<string, FirstView | null>();
  FIRST.set(group, known);
  const key = `${projection} ${part}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = findFirst(group, projection, part);
  known.set(key, found);
  return found;
}

function findFirst(group: LayerGroup, projection: Projection, part: string): FirstView | null {
  const spec = dialectOf(group.layout);
  const member = memberFor(group, projection, part);
  if (!spec || !member || group.experts === null || group.orientation === 'ambiguous') return null;
  const inner = innerShape(member, spec, group.experts);
  if (inner.some((dim) => !Number.isInteger(dim))) return null;
  const kind = kindIn(group, part);
  const transposed = kind === 'in-major' || (inner.length === 2 && orientationOf(spec, member.projection) === 'in-out');
  if (transposed && kind !== 'in-major' && packingOf(member.dtype) !== 'none') return null;
  const whole = kind === 'opaque' && spec.family !== 'per-expert' ? null : wholeView(inner, kind, transposed);
  if (!whole) return null;
  const apart = spec.family === 'per-expert' || isSharedByAll(member, spec, group.experts);
  const step = apart ? 0 : inner.reduce((product, dim) => product * dim, 1);
  const joint = member.projection === 'gate-up' ? jointOf(kind, inner) : 'shared';
  const view = joint === 'rows' ? halfView(whole, projection, kind, group, part) : joint && whole;
  if (!view) return null;
  return { view: { ...view, dtype: member.dtype }, step, name: member.template.split('{i}') };
}

/** The member that holds a part of a projection, alone or joined. */
export function memberFor(group: LayerGroup, projection: Projection, part: string): ExpertMember | undefined {
  const own = group.members.find((member) => member.projection === projection && member.part === part);
  if (own || projection === 'down') return own;
  return group.members.find((member) => member.projection === 'gate-up' && member.part === part);
}

function wholeView(inner: readonly number[], kind: PartKind, transposed: boolean): Whole | null {
  const size = inner.reduce((product, dim) => product * dim, 1);
  if (kind === 'inputs') return { base: 0, rows: 1, columns: size, rowStride: size, columnStride: 1 };
  if (inner.length < 2 || kind === 'scalar' || kind === 'values' || kind === 'opaque') {
    return { base: 0, rows: size, columns: 1, rowStride: 1, columnStride: 1 };
  }
  const [first = 0, second = 0] = inner;
  if (transposed) return { base: 0, rows: second, columns: first, rowStride: 1, columnStride: second };
  const columns = size === 0 ? 0 : size / first;
  return { base: 0, rows: first, columns, rowStride: columns, columnStride: 1 };
}

/** Groups are values: what their parts are is worked out once, not for each of half a million views. */
const KINDS = new WeakMap<LayerGroup, Map<string, PartKind>>();

function kindIn(group: LayerGroup, part: string): PartKind {
  const kinds = KINDS.get(group) ?? new Map<string, PartKind>();
  KINDS.set(group, kinds);
  const known = kinds.get(part);
  if (known) return known;
  const kind = partKind(part, new Set(group.members.map((each) => each.part)));
  kinds.set(part, kind);
  return kind;
}

/** How gate's and up's part stand, or would stand, in one tensor for both; null where nothing is known to join them. */
export function jointOfPart(group: LayerGroup, part: string): Joint | null {
  const spec = dialectOf(group.layout);
  const member = memberFor(group, 'gate', part);
  if (!spec || !member || group.experts === null) return null;
  const kind = kindIn(group, part);
  return jointOf(kind, innerShape(member, spec, group.experts));
}

/** True when gate's and up's part are one tensor's. */
export function isJoined(group: LayerGroup, part: string): boolean {
  return memberFor(group, 'gate', part)?.projection === 'gate-up';
}

/** Gate's or up's rows of a matrix that holds both. */
function halfView(whole: Whole, projection: Projection, kind: PartKind, group: LayerGroup, part: string): Whole | null {
  if (!canHalve(whole.rows, kind, group, part)) return null;
  const rows = whole.rows / 2;
  if (group.fusion === 'interleaved') {
    const base = whole.base + (projection === 'up' ? whole.rowStride : 0);
    return { ...whole, rows, base, rowStride: 2 * whole.rowStride };
  }
  const second = group.fusion === 'up-first' ? 'gate' : 'up';
  return { ...whole, rows, base: whole.base + (projection === second ? rows * whole.rowStride : 0) };
}

function canHalve(rows: number, kind: PartKind, group: LayerGroup, part: string): boolean {
  if (rows % 2 !== 0) return false;
  if (part === 'weight' || group.intermediate === null) return part === 'weight';
  const perRow = (2 * group.intermediate) / rows;
  return group.fusion === 'interleaved' ? perRow === 1 : isBlock(perRow) || isThreeBit(perRow, kind);
}

/** Packed in three bits, 32 outputs fill three words: what is a whole number of words is cut between two of them. */
export function isThreeBit(outputs: number, kind: PartKind): boolean {
  return kind === 'in-major' && outputs === 32 / 3;
}

/** Outputs that share a row of a companion: a power of two in every known format, so that a rounded-up count shows. */
export function isBlock(outputs: number): boolean {
  return Number.isInteger(Math.log2(outputs)) && outputs >= 1;
}
