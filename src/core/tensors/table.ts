import type { CheckpointTensor } from '../checkpoint/types.ts';
import { tsvText } from '../embed/tsv.ts';
import { LoomError } from '../errors.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import { elementsOf } from '../safetensors/dtype.ts';
import { NONE, type TensorColumns, tensorColumns } from './columns.ts';
import { facetsOf, filterTest } from './filter.ts';
import { type PackedTensors, packTensors } from './glance.ts';
import { TENSOR_ROLE_IDS } from './role.ts';
import { createTensorSearch, type Found } from './search.ts';
import { createNameTree, type NameTree, type OpenNodes, type TreeListing } from './tree.ts';
import {
  FIRST_ROWS,
  type TensorAnswer,
  type TensorColumn,
  type TensorFacets,
  type TensorQuery,
  type TensorRow,
  type TreePage,
  type TreeQuery,
  type TreeRow,
} from './types.ts';

/** Answers that are kept: the last one shown, and those still on their way. */
const KEPT_ANSWERS = 4;

/** Answers of all tables are counted: a later table has none of an earlier one's. */
let last = 0;

export interface TensorTable {
  /** `id` names the answer in later questions; without it, the answer has a number that no other has. */
  query(query: TensorQuery, id?: number): TensorAnswer;
  /** Keeps the answer for later questions without telling it. */
  note(query: TensorQuery, id: number): void;
  /** All tensors for a glance where the table is not; null where there are more than `most`. */
  packed(most: number): PackedTensors | null;
  rows(id: number, from: number, to: number): readonly TensorRow[];
  /** Tab-separated values in parts, the heading first. */
  tsv(id: number): string[];
  /** The row of one tensor; null when there is none of that name. */
  row(name: string): TensorRow | null;
  /** Numbers of the layers that an answer's tensors stand in, ascending. */
  layers(id: number): number[];
  facets(): TensorFacets;
  tree(query: TreeQuery): TreePage;
  place(id: number, name: string, open: OpenNodes | null): number | null;
}

/** Names that share fewer parts than this make a page that searches them stand still: experts' names share nearly all. */
const MOST_PARTS = 50_000;

/** An answer that can be asked for more. */
interface Kept {
  /** Its places in the columns are ascending: natural order. */
  readonly found: Found;
  /** The places in the order that was asked for. */
  readonly order: () => Uint32Array;
  readonly tree: () => NameTree;
  /** Bytes of the tensors before each place of `found`, for the tree. */
  before: Float64Array | null;
  listing: { readonly key: string; readonly listing: TreeListing } | null;
}

/** All tensors of a checkpoint, searched, filtered, sorted and hung into a tree where they are; only the rows asked for leave. */
export function createTensorTable(
  given: ReadonlyMap<string, CheckpointTensor>,
  layout: Pick<CheckpointLayout, 'groups'> | null = null,
): TensorTable {
  const columns = tensorColumns(given, layout);
  const { tensors } = columns;
  const search = createTensorSearch(columns, (at) => (tensors[at] as CheckpointTensor).name);
  const ranks = createRanks(columns);
  const answers = new Map<number, Kept>();
  let facets: TensorFacets | null = null;
  const keptOf = (id: number) => answers.get(id) ?? forgotten();
  const rowsOf = (order: Uint32Array, from: number, to: number) =>
    Array.from(order.subarray(from, to), (at) => rowOf(columns, at));
  const answer = (query: TensorQuery, id: number) => {
    const found = search.find(query, filterTest(columns, query.filter));
    const kept = keep(found, query, tensors, ranks);
    answers.set(id, kept);
    for (const old of answers.keys()) if (answers.size > KEPT_ANSWERS) answers.delete(old);
    return kept;
  };
  return {
    note: (query, id) => void answer(query, id),
    packed: (most) => (tensors.length > most || columns.names.label.length > MOST_PARTS ? null : packTensors(columns)),
    query: (query, id = ++last) => {
      const kept = answer(query, id);
      const { found } = kept;
      const { count, bytes, problem, meanings } = found;
      const isNatural = query.sort === 'name' && !query.descending;
      const first = isNatural ? found.places(FIRST_ROWS) : kept.order();
      return { id, count, bytes, problem, meanings, first: rowsOf(first, 0, FIRST_ROWS) };
    },
    rows: (id, from, to) => rowsOf(keptOf(id).order(), from, to),
    tsv: (id) => {
      const order = keptOf(id).order();
      const parts: string[] = [tsvText([TSV_HEAD])];
      for (let from = 0; from < order.length; from += TSV_ROWS) {
        parts.push(tsvText(rowsOf(order, from, from + TSV_ROWS).map(tsvRow)));
      }
      return parts;
    },
    row: (name) => {
      const at = given.has(name) ? tensors.findIndex((each) => each.name === name) : -1;
      return at === -1 ? null : rowOf(columns, at);
    },
    layers: (id) => {
      const seen = new Set<number>();
      for (const at of keptOf(id).found.places()) seen.add(columns.layer[at] as number);
      seen.delete(NONE);
      return [...seen].sort((a, b) => a - b);
    },
    facets: () => {
      facets ??= facetsOf(columns);
      return facets;
    },
    tree: ({ id, open, from, to }) => {
      const kept = keptOf(id);
      const listing = listingOf(kept, open);
      const rows: TreeRow[] = [];
      const found = kept.found.places();
      kept.before ??= sums(found, columns.size);
      const source = { found, columns };
      for (let row = from; row < Math.min(to, listing.count); row += 1) {
        rows.push(treeRow(source, kept.before, listing, row));
      }
      return { count: listing.count, rows };
    },
    place: (id, name, open) => {
      const kept = keptOf(id);
      const found = kept.found.places();
      const at = found.findIndex((each) => tensors[each]?.name === name);
      if (at === -1) return null;
      return open === null ? kept.order().indexOf(found[at] as number) : listingOf(kept, open).rowOf(at);
    },
  };
}

/** What is asked of an answer later is made then: most answers are replaced with the next letter that is typed. */
function keep(
  found: Found,
  query: TensorQuery,
  tensors: readonly CheckpointTensor[],
  ranks: (query: TensorQuery) => Ranks,
): Kept {
  let order: Uint32Array | null = null;
  let tree: NameTree | null = null;
  return {
    found,
    order: () => {
      order ??= ordered(found.places(), query, ranks);
      return order;
    },
    tree: () => {
      const places = found.places();
      tree ??= createNameTree(places.length, (at) => (tensors[places[at] as number] as CheckpointTensor).name);
      return tree;
    },
    before: null,
    listing: null,
  };
}

const TSV_HEAD = ['name', 'dtype', 'shape', 'bytes', 'file', 'start', 'end', 'role'];
/** Rows that are made into one text: strings have a limit that half a million rows come near. */
const TSV_ROWS = 10_000;

function tsvRow({ name, dtype, shape, start, end, file, role }: TensorRow): (string | number)[] {
  return [name, dtype, `[${shape.join(', ')}]`, end - start, file, start, end, role];
}

interface TreeSource {
  readonly found: Uint32Array;
  readonly columns: TensorColumns;
}

function forgotten(): never {
  throw new LoomError('cancelled', 'This answer has given way to later ones.');
}

function rowOf(columns: TensorColumns, at: number): TensorRow {
  const { name, dtype, shape, file, start, end } = columns.tensors[at] as CheckpointTensor;
  const [layer = NONE, expert = NONE] = [columns.layer[at], columns.expert[at]];
  return {
    name,
    dtype,
    shape,
    file,
    start,
    end,
    role: TENSOR_ROLE_IDS[columns.role[at] as number] ?? 'other',
    layer: layer === NONE ? null : layer,
    expert: expert === NONE ? null : expert,
    stack: columns.stack[at] ?? 0,
  };
}

function listingOf(kept: Kept, open: OpenNodes): TreeListing {
  const key = JSON.stringify(open);
  if (kept.listing?.key !== key) kept.listing = { key, listing: kept.tree().list(open) };
  return kept.listing.listing;
}

/** A row of a kept answer's tree; `before` are the bytes of the tensors before each place. */
function treeRow({ found, columns }: TreeSource, before: Float64Array, listing: TreeListing, row: number): TreeRow {
  const node = listing.node(row);
  if (!node) throw new LoomError('internal', `The tree has no row ${row}.`);
  const { start, end, ...facts } = node;
  const tensor = node.isLeaf ? rowOf(columns, found[start] as number) : null;
  const bytes = (before[end] ?? 0) - (before[start] ?? 0);
  return { ...facts, tensors: end - start, bytes, tensor };
}

function sizeOf(tensor: CheckpointTensor | undefined): number {
  return tensor ? tensor.end - tensor.start : 0;
}

function sums(found: Uint32Array, sizes: ArrayLike<number>): Float64Array {
  const before = new Float64Array(found.length + 1);
  let sum = 0;
  for (let at = 0; at < found.length; at += 1) {
    sum += sizes[found[at] as number] as number;
    before[at + 1] = sum;
  }
  return before;
}

type Key = number | string;

/** Where each tensor stands when all are sorted by a column, and which tensor stands there. */
interface Ranks {
  readonly ranks: Uint32Array;
  readonly places: Uint32Array;
}

/** Sorts all tensors by a column when that is first asked for; equal ones keep their natural order either way. */
function createRanks({ tensors, file, role }: TensorColumns): (query: TensorQuery) => Ranks {
  const keys: Record<Exclude<TensorColumn, 'name'>, (tensor: CheckpointTensor, at: number) => Key> = {
    role: (_, at) => role[at] ?? 0,
    dtype: (tensor) => tensor.dtype,
    shape: (tensor) => elementsOf(tensor.shape),
    bytes: sizeOf,
    file: (_, at) => file[at] ?? 0,
    start: (tensor) => tensor.start,
  };
  const known = new Map<string, Ranks>();
  return ({ sort, descending }) => {
    const key = `${sort} ${descending}`;
    const made = known.get(key) ?? ranksBy(sort === 'name' ? [] : tensors.map(keys[sort]), descending ? -1 : 1);
    known.set(key, made);
    return made;
  };
}

function ranksBy(keys: readonly Key[], sign: 1 | -1): Ranks {
  const places = Uint32Array.from(keys, (_, at) => at).sort((a, b) => {
    const [left = 0, right = 0] = [keys[a], keys[b]];
    return left < right ? -sign : left > right ? sign : a - b;
  });
  const ranks = new Uint32Array(keys.length);
  for (const [rank, at] of places.entries()) ranks[at] = rank;
  return { ranks, places };
}

/** `found` is in natural order. */
function ordered(found: Uint32Array<ArrayBuffer>, query: TensorQuery, ranksOf: (query: TensorQuery) => Ranks) {
  if (query.sort === 'name') return query.descending ? found.toReversed() : found;
  const { ranks, places } = ranksOf(query);
  const order = found.map((at) => ranks[at] as number).sort();
  return order.map((rank) => places[rank] as number);
}
