import type { Checkpoint, CheckpointTensor } from '../../checkpoint/types.ts';
import type { CheckpointLayout } from '../types.ts';
import { stackedTensors } from './glyph.ts';
import { ROLES, type Role, roleReader, startOf, type TensorRole } from './role.ts';

/** One file of a checkpoint: its tensors are those from `from` to before `to` in the columns of {@link Strips}. */
export interface FileStrip {
  readonly file: string;
  readonly byteLength: number;
  /** Where tensors begin: bytes before it are the header. */
  readonly dataStart: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Where every tensor lies, in columns of one entry a tensor: files in the order of the checkpoint, tensors in the order of
 * their bytes. Arrays can be transferred.
 */
export interface Strips {
  readonly files: readonly FileStrip[];
  readonly names: readonly string[];
  /** From byte 0 of the file, half-open. */
  readonly start: Float64Array<ArrayBuffer>;
  readonly end: Float64Array<ArrayBuffer>;
  /** Places in `ROLES`. */
  readonly role: Uint8Array<ArrayBuffer>;
  /** Place of the layer group in the layout, -1 for none. */
  readonly group: Int32Array<ArrayBuffer>;
  /** The one expert a tensor is of, -1 where it holds all of them or none. */
  readonly expert: Int32Array<ArrayBuffer>;
  /** How many experts a tensor holds, one after another in pieces of one length; 0 where its bytes are not cut so. */
  readonly cut: Uint16Array<ArrayBuffer>;
  /** Places in `parts`: what of its projection a tensor is. */
  readonly part: Uint8Array<ArrayBuffer>;
  /** `weight`, `bias` and the like as they occur; the first is null, for tensors outside experts. */
  readonly parts: readonly (string | null)[];
}

/** Bytes of a file that no tensor has, half-open. */
export interface Hole {
  readonly start: number;
  readonly end: number;
}

const MOST_PARTS = 255;

const NEIGHBOUR: TensorRole = { role: 'other', part: null, expert: null, group: -1 };

type Readable = Pick<Checkpoint, 'tensors' | 'shards'>;

const NUMBERS = Object.fromEntries(ROLES.map((role, at) => [role, at])) as Readonly<Record<Role, number>>;

/**
 * Every file as a strip of tensors, or only the files that hold a tensor of one layer: `prefix` is `model.layers.5.`. Other
 * layers' tensors in these files then have no role and no group.
 * Tensors that ranks saved in slices stand where their first slice does.
 */
export function stripsOf(checkpoint: Readable, layout: Pick<CheckpointLayout, 'groups'>, prefix?: string): Strips {
  const place = new Map(checkpoint.shards.map(({ file }, at) => [file, at]));
  const all = prefix === undefined ? [...checkpoint.tensors.values()] : besideLayer(checkpoint, prefix);
  const ordered = all.every((tensor, at) => at === 0 || before(all[at - 1] ?? tensor, tensor, place) <= 0)
    ? all
    : all.sort((a, b) => before(a, b, place));
  const count = ordered.length;
  const roleOf = roleReader(layout);
  const start = new Float64Array(count);
  const end = new Float64Array(count);
  const role = new Uint8Array(count);
  const group = new Int32Array(count);
  const expert = new Int32Array(count);
  const cut = new Uint16Array(count);
  const part = new Uint8Array(count);
  const parts: (string | null)[] = [null];
  const cutsOf = cutReader(layout);
  const bounds = new Map<string, [from: number, to: number]>();
  let last: { readonly file: string; readonly bound: [from: number, to: number] } | null = null;
  ordered.forEach((tensor, at) => {
    // Of a layer's neighbours in its files only the place is drawn.
    const known = prefix === undefined || tensor.name.startsWith(prefix) ? roleOf(tensor.name) : NEIGHBOUR;
    start[at] = tensor.start;
    end[at] = tensor.end;
    role[at] = NUMBERS[known.role];
    group[at] = known.group;
    expert[at] = known.expert ?? -1;
    part[at] = placeOf(parts, known.part);
    const experts = known.expert === null ? (cutsOf(known.group).get(tensor.name) ?? 0) : 0;
    cut[at] = experts > 0 && (tensor.end - tensor.start) % experts === 0 && tensor.end > tensor.start ? experts : 0;
    if (last?.file !== tensor.file) {
      last = { file: tensor.file, bound: [at, at] };
      bounds.set(tensor.file, last.bound);
    }
    last.bound[1] = at + 1;
  });
  const files = checkpoint.shards.flatMap(({ file, byteLength, dataStart }): readonly FileStrip[] => {
    const bound = bounds.get(file);
    if (!bound && prefix !== undefined) return [];
    const [from, to] = bound ?? [0, 0];
    return [{ file, byteLength, dataStart, from, to }];
  });
  return { files, names: ordered.map(({ name }) => name), start, end, role, group, expert, cut, part, parts };
}

/** Few parts occur. Past the number that a byte can tell they are not told apart. */
function placeOf(parts: (string | null)[], part: string | null): number {
  const known = parts.indexOf(part);
  if (known !== -1) return known;
  return parts.length > MOST_PARTS ? 0 : parts.push(part) - 1;
}

/** All tensors of the files that hold one of a layer, whose `prefix` ends with a dot. */
function besideLayer({ tensors }: Readable, prefix: string): CheckpointTensor[] {
  const { byFile, filesOf } = fileIndex(tensors);
  return [...(filesOf.get(prefix) ?? [])].flatMap((file) => byFile.get(file) ?? []);
}

interface FileIndex {
  readonly byFile: ReadonlyMap<string, readonly CheckpointTensor[]>;
  /** Files by the prefix of a layer, with its last dot. */
  readonly filesOf: ReadonlyMap<string, ReadonlySet<string>>;
}

const INDEXES = new WeakMap<Readable['tensors'], FileIndex>();

/** Gone through once, however many layers are drawn: neighbours are mostly of one file and of one layer. */
function fileIndex(tensors: Readable['tensors']): FileIndex {
  const known = INDEXES.get(tensors);
  if (known) return known;
  const byFile = new Map<string, CheckpointTensor[]>();
  const filesOf = new Map<string, Set<string>>();
  let [layer, last, here] = ['', '', [] as CheckpointTensor[]];
  for (const tensor of tensors.values()) {
    const { name, file } = tensor;
    const sameLayer = layer !== '' && name.startsWith(layer);
    if (!sameLayer) layer = startOf(name);
    if (file !== last || here.length === 0) here = listIn(byFile, file);
    if (layer !== '' && !(sameLayer && file === last)) setIn(filesOf, layer).add(file);
    here.push(tensor);
    last = file;
  }
  const made = { byFile, filesOf };
  INDEXES.set(tensors, made);
  return made;
}

function listIn<K, V>(map: Map<K, V[]>, key: K): V[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function setIn<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  const set = map.get(key) ?? new Set<V>();
  map.set(key, set);
  return set;
}

/** Tensors that hold all experts of a layer one after another, by name, with the number of experts. */
function cutReader({ groups }: Pick<CheckpointLayout, 'groups'>): (group: number) => ReadonlyMap<string, number> {
  const known = new Map<number, ReadonlyMap<string, number>>();
  return (at) => {
    const before = known.get(at);
    if (before) return before;
    const group = groups[at];
    const made = new Map(group ? stackedTensors(group).map(({ template, experts }) => [template, experts]) : []);
    known.set(at, made);
    return made;
  };
}

type Placed = { readonly file: string; readonly start: number };

function before(a: Placed, b: Placed, place: ReadonlyMap<string, number>): number {
  return a.file === b.file ? a.start - b.start : (place.get(a.file) ?? 0) - (place.get(b.file) ?? 0);
}

/** Bytes after the header of a file that no tensor has, its end included. */
export function holesOf({ start, end }: Pick<Strips, 'start' | 'end'>, file: FileStrip): readonly Hole[] {
  const holes: Hole[] = [];
  let reached = file.dataStart;
  for (let at = file.from; at < file.to; at += 1) {
    const next = start[at] ?? reached;
    if (next > reached) holes.push({ start: reached, end: next });
    reached = Math.max(reached, end[at] ?? reached);
  }
  if (file.byteLength > reached) holes.push({ start: reached, end: file.byteLength });
  return holes;
}
