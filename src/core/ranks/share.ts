import { type DenseCut, denseCut, tensorPart } from './dense.ts';
import { chunk } from './mesh.ts';
import { expertShare, holdsLayer, stageOfLayer } from './placement.ts';
import type { ExpertHolding, IndexedTensor, TensorIndex } from './tensor-index.ts';
import type { Part, Placement, RankPlace } from './types.ts';

/** Bytes of a file that a rank keeps of one tensor, and where they go. */
export interface Piece {
  /** From byte 0 of the file, half-open. */
  readonly start: number;
  readonly end: number;
  /** Half-open interval of logical experts, null outside routed experts. */
  readonly experts: readonly [number, number] | null;
  /** Where the piece begins in the rank's own tensor. */
  readonly to: number;
  /** Where else the same bytes go: an expert in two slots of one rank. */
  readonly also: readonly number[];
  /** Columns kept of every row read, null for all: then fewer bytes are kept than read. */
  readonly columns: readonly [number, number] | null;
}

/** What a rank keeps of one tensor. */
export interface TensorShare {
  readonly tensor: IndexedTensor;
  /** Shape of the rank's own tensor; experts in the order of slots. */
  readonly shape: readonly number[];
  /** Logical expert of each slot, null outside routed experts. */
  readonly experts: readonly number[] | null;
  /** Bytes kept, copies included. */
  readonly bytes: number;
  /** Sorted by `start`, disjoint. */
  readonly pieces: readonly Piece[];
  /** True when other ranks keep other parts of it. */
  readonly cut: boolean;
}

/** Works out one rank's shares; layers are looked at once. */
export interface Sharer {
  /** Tensors that the rank may keep something of, in the order of files and bytes. */
  candidates(): IndexedTensor[];
  shareOf(tensor: IndexedTensor): TensorShare | null;
}

interface Held {
  readonly experts: readonly number[];
  /** Slots of each expert. */
  readonly slots: ReadonlyMap<number, readonly number[]>;
  readonly rows: Part;
}

/** The shares of tensors that one rank of a placement holds. */
export function createSharer(tensorIndex: TensorIndex, placement: Placement, place: RankPlace): Sharer {
  // A placement made for a model and an index of its tensors have the same layers in the same order.
  if (placement.layers.length !== tensorIndex.layers.length)
    throw new RangeError('The placement belongs to another checkpoint.');
  const known: (Held | null | undefined)[] = new Array(placement.layers.length).fill(undefined);
  const heldOf = (at: number): Held | null => {
    const found = known[at];
    if (found !== undefined) return found;
    const made = heldIn(placement, place, at);
    known[at] = made;
    return made;
  };
  if (place.ep < 0) return { candidates: () => [], shareOf: () => null };
  return {
    candidates: () => candidatesOf(tensorIndex, heldOf),
    shareOf(tensor) {
      if (tensor.expert) {
        const layer = heldOf(tensor.expert.layer);
        return layer ? expertTensorShare(tensor, tensor.expert, layer, place, placement) : null;
      }
      return inStage(placement, place, tensor) ? denseShare(placement, place, tensor) : null;
    },
  };
}

function heldIn(placement: Placement, place: RankPlace, at: number): Held | null {
  const layer = placement.layers[at];
  if (!layer || !holdsLayer(placement, place, layer.index)) return null;
  const { experts, rows } = expertShare(placement, place, layer);
  return { experts, slots: slotsOf(experts), rows };
}

function candidatesOf({ lookup, tensors }: TensorIndex, heldOf: (at: number) => Held | null): IndexedTensor[] {
  const numbers = [...lookup.dense];
  for (const [at, place] of lookup.layers.entries()) {
    const layer = heldOf(at);
    if (!layer) continue;
    numbers.push(...place.together);
    for (const expert of layer.slots.keys()) numbers.push(...(place.apart[expert] ?? []));
  }
  return numbers.sort((a, b) => a - b).flatMap((number) => tensors[number] ?? []);
}

function slotsOf(experts: readonly number[]): Map<number, number[]> {
  const slots = new Map<number, number[]>();
  for (const [slot, expert] of experts.entries()) {
    const known = slots.get(expert);
    if (known) known.push(slot);
    else slots.set(expert, [slot]);
  }
  return slots;
}

function inStage(placement: Placement, place: RankPlace, { layer }: IndexedTensor): boolean {
  const { index, of } = place.stage;
  if (of === 1) return true;
  if (layer === 'first') return index === 0;
  if (layer === 'last') return index === of - 1;
  return stageOfLayer(placement, layer) === index;
}

/** Bytes inside one expert's part that a rank reads, and how many of them it keeps. */
interface InnerShare {
  readonly ranges: readonly (readonly [number, number])[];
  readonly columns: readonly [number, number] | null;
  readonly kept: number;
  readonly shape: readonly number[];
}

function expertTensorShare(
  tensor: IndexedTensor,
  holding: ExpertHolding,
  held: Held,
  place: RankPlace,
  placement: Placement,
): TensorShare | null {
  const size = (tensor.end - tensor.start) / holding.count;
  const inner = innerShare(holding, size, held.rows, place.etp, placement.units);
  const { apart } = holding;
  const mine = apart ? Array.from(held.slots.get(holding.first) ?? [], () => holding.first) : held.experts;
  if (mine.length === 0 || inner.kept === 0) return null;
  const slots = apart ? new Map([[holding.first, mine.map((_, copy) => copy)]]) : held.slots;
  const pieces = expertPieces(tensor, holding, slots, size, inner);
  const shape = apart && mine.length === 1 ? inner.shape : [mine.length, ...inner.shape];
  const cut = placement.ranks.length > 1;
  return { tensor, shape, experts: mine, bytes: mine.length * inner.kept, pieces, cut };
}

function expertPieces(
  tensor: IndexedTensor,
  holding: ExpertHolding,
  slots: ReadonlyMap<number, readonly number[]>,
  size: number,
  inner: InnerShare,
): Piece[] {
  const pieces: Piece[] = [];
  const experts = [...slots.keys()].sort((a, b) => a - b);
  for (const expert of experts) {
    const [slot = 0, ...copies] = slots.get(expert) ?? [];
    const base = tensor.start + (expert - holding.first) * size;
    let inside = 0;
    for (const [from, to] of inner.ranges) {
      const at = slot * inner.kept + inside;
      const also = copies.map((copy) => copy * inner.kept + inside);
      append(pieces, {
        start: base + from,
        end: base + to,
        experts: [expert, expert + 1],
        to: at,
        also,
        columns: inner.columns,
      });
      inside += to - from;
    }
  }
  return pieces;
}

/** Joins a piece to the one before it when both their source and their place go on. */
function append(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1);
  const joins =
    last !== undefined &&
    last.end === piece.start &&
    last.to + (last.end - last.start) === piece.to &&
    last.also.length + piece.also.length === 0 &&
    last.columns === null &&
    piece.columns === null;
  if (!last || !joins) {
    pieces.push(piece);
    return;
  }
  const experts = last.experts && piece.experts ? ([last.experts[0], piece.experts[1]] as const) : null;
  pieces[pieces.length - 1] = { ...last, end: piece.end, experts };
}

/** What data parallelism (rows) or expert tensor parallelism leave of one expert's part. */
function innerShare(holding: ExpertHolding, size: number, rows: Part, etp: Part, units: number | null): InnerShare {
  const { inner, cut } = holding;
  if (rows.of > 1 && inner.length > 0) return rowShare(inner, size, [chunk(inner[0] ?? 1, rows)]);
  if (etp.of > 1 && cut !== 'none') {
    if (cut === 'columns') return columnShare(inner, size, inUnits(inner[1] ?? 1, etp, units));
    const dim = inner[0] ?? 1;
    const divides = (of: number) => of % etp.of === 0 || (units !== null && of % units === 0);
    if (cut === 'rows' && divides(dim)) return rowShare(inner, size, [inUnits(dim, etp, units)]);
    if (cut === 'halves' && dim % 2 === 0 && divides(dim / 2)) {
      const [start, end] = inUnits(dim / 2, etp, units);
      return rowShare(inner, size, [
        [start, end],
        [dim / 2 + start, dim / 2 + end],
      ]);
    }
  }
  return { ranges: [[0, size]], columns: null, kept: size, shape: inner };
}

function rowShare(inner: readonly number[], size: number, rows: readonly (readonly [number, number])[]): InnerShare {
  const [dim = 1, ...rest] = inner;
  const row = size / dim;
  const kept = rows.reduce((sum, [start, end]) => sum + end - start, 0);
  const ranges = rows.filter(([start, end]) => end > start).map(([start, end]) => [start * row, end * row] as const);
  return { ranges, columns: null, kept: kept * row, shape: [kept, ...rest] };
}

/** What a part keeps of a dim along the intermediate size: whole blocks where cuts fall between them. */
function inUnits(dim: number, part: Part, units: number | null): readonly [number, number] {
  if (units === null || dim % units !== 0) return chunk(dim, part);
  const [start, end] = chunk(units, part);
  return [(start * dim) / units, (end * dim) / units];
}

function columnShare(inner: readonly number[], size: number, kept: readonly [number, number]): InnerShare {
  const [rows = 1, columns = 1, ...rest] = inner;
  const width = kept[1] - kept[0];
  return { ranges: [[0, size]], columns: kept, kept: (size / columns) * width, shape: [rows, width, ...rest] };
}

/** Tensor parallelism cuts first, fully sharded data parallelism cuts the rows that it leaves. */
function denseShare(placement: Placement, place: RankPlace, tensor: IndexedTensor): TensorShare | null {
  const { shape, start } = tensor;
  const size = tensor.end - tensor.start;
  const [dim = 1, ...rest] = shape;
  if (shape.length === 0 || size === 0) return wholeShare(tensor, false);
  const tp = tensorPart(tensor, place);
  const how = tp.of === 1 ? 'whole' : denseCut(placement, tensor);
  const [from, to] = rowsLeft(how, dim, tp, placement.kvHeads);
  const [first, last] = chunk(to - from, place.fsdp);
  const columns = how === 'columns' && rest.length > 0 ? chunk(rest[0] ?? 1, tp) : null;
  const cut = how !== 'whole' || place.fsdp.of > 1;
  if (!cut) return wholeShare(tensor, false);
  if (last === first) return null;
  const row = size / dim;
  const read: Piece = {
    start: start + (from + first) * row,
    end: start + (from + last) * row,
    experts: null,
    to: 0,
    also: [],
    columns,
  };
  const [width = 1, ...deeper] = rest;
  const part = columns ? (columns[1] - columns[0]) / width : 1;
  const kept = columns ? [columns[1] - columns[0], ...deeper] : rest;
  const bytes = (last - first) * row * part;
  return { tensor, shape: [last - first, ...kept], experts: null, bytes, pieces: [read], cut: true };
}

function wholeShare(tensor: IndexedTensor, cut: boolean): TensorShare {
  const { start, end } = tensor;
  const pieces = end > start ? [{ start, end, experts: null, to: 0, also: [], columns: null }] : [];
  return { tensor, shape: tensor.shape, experts: null, bytes: end - start, pieces, cut };
}

/** Rows that tensor parallelism leaves; key and value heads repeat when there are more ranks than heads. */
function rowsLeft(how: DenseCut, dim: number, tp: Part, kvHeads: number | null): readonly [number, number] {
  switch (how) {
    case 'row-wise':
      return chunk(dim, tp);
    case 'heads': {
      const heads = kvHeads ?? tp.of;
      if (heads >= tp.of) return chunk(dim, tp);
      return chunk(dim, { index: Math.floor((tp.index * heads) / tp.of), of: heads });
    }
    case 'columns':
    case 'whole':
      return [0, dim];
  }
}
