import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import type { DType } from '../safetensors/dtype.ts';
import { plural } from '../units.ts';
import { architectureOf, isMoeLayer, modelTypeOf } from './architecture-rules.ts';
import { attentionByLayer, type BesideKind, besideNames } from './beside.ts';
import { expertConfig, expertCount, layerCount } from './config-keys.ts';
import { type Band, glyphOf, isWeightPart } from './drawing/glyph.ts';
import { layerPrefix, tensorPlace } from './tensor-place.ts';
import type {
  CheckpointLayout,
  Defect,
  Dialect,
  ExpertMember,
  Family,
  GroupKind,
  LayerGroup,
  Projection,
} from './types.ts';

/** What is known of one cell. `pending`: shards that may hold it have not been read yet. */
export const CELL = { absent: 0, pending: 1, present: 2, defect: 3 } as const;
/** Stands in `files` and `dtype` where a cell has none. */
export const NO_SHARD = 0xffff;
export const NO_DTYPE = 0xff;
/** No model comes near; a name may claim expert 10^15, and a map of it would not fit. */
const LIMIT_COLUMNS = 4096;
const LIMIT_ROWS = 4096;

/** Defects that rows carry, all together: each row keeps its first. A picture goes to another thread with each of them. */
const LIMIT_DEFECTS = 10_000;

export interface MapRow {
  /** Place of the layer group in the layout, -1 for layers that are known from the config alone. */
  readonly group: number;
  readonly prefix: string;
  readonly index: number | null;
  readonly kind: GroupKind;
  readonly family: Family | null;
  readonly dialect: Dialect | null;
  readonly experts: number | null;
  /** True when one tensor holds all experts of a projection. */
  readonly stacked: boolean;
  /** Where gate, up and down are in each kind of weight tensor that an expert has, a list a tensor; empty while unknown. */
  readonly bands: readonly (readonly Band[])[];
  /** Number of tensors of shared experts, of the router, and of the attention. */
  readonly shared: number;
  readonly router: number;
  readonly attention: number;
  readonly bytes: number;
  readonly defects: readonly Defect[];
}

/** Of each cell the files of its expert's tensors, as indices into `shards`. */
export interface CellFiles extends Readonly<Record<Projection, Uint16Array<ArrayBuffer>>> {
  /** A file of biases or scales that holds none of the three matrices. */
  readonly besides: Uint16Array<ArrayBuffer>;
}

/** The picture of a checkpoint: one row a layer, one cell an expert, cell (r, c) at `r × columns + c`. */
export interface ExpertMap {
  readonly rows: readonly MapRow[];
  readonly columns: number;
  readonly state: Uint8Array<ArrayBuffer>;
  readonly files: CellFiles;
  /** Bytes of the expert; its share where experts are stacked. */
  readonly bytes: Float64Array<ArrayBuffer>;
  /** Index into `dtypes`. */
  readonly dtype: Uint8Array<ArrayBuffer>;
  readonly shards: readonly string[];
  readonly dtypes: readonly DType[];
  /** Cells drawn as defects, and rows with a defect of their own. */
  readonly defects: number;
}

/** One tensor of a cell, with the bytes of it that are the expert's. */
export interface CellTensor {
  readonly name: string;
  readonly projection: ExpertMember['projection'] | BesideKind;
  /** Empty for what stands beside the experts. */
  readonly part: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly file: string;
  readonly start: number;
  readonly end: number;
  /** The expert's part of a stacked tensor, null where the tensor is its own. */
  readonly slice: { readonly start: number; readonly end: number } | null;
}

export interface MapOptions {
  /** False while shards are still being read: what is missing is then pending, not a defect. */
  readonly complete: boolean;
  /** Every shard in the order of the listing, so that colours stay while headers arrive. */
  readonly shards?: readonly string[] | undefined;
}

type Readable = Pick<Checkpoint, 'tensors' | 'config' | 'shards' | 'absent'>;

/** Draws a checkpoint's layout as rows and cells; pure, its arrays can be transferred. */
export function mapExperts(checkpoint: Readable, layout: CheckpointLayout, options: MapOptions): ExpertMap {
  const rows = rowsOf(checkpoint, layout, options.complete);
  const columns = Math.min(LIMIT_COLUMNS, Math.max(0, ...rows.map((row) => row.experts ?? 0)));
  const cells = rows.length * columns;
  const shards = options.shards ?? checkpoint.shards.map((shard) => shard.file);
  const paint: Paint = {
    checkpoint,
    complete: options.complete,
    columns,
    state: new Uint8Array(cells),
    files: {
      gate: new Uint16Array(cells).fill(NO_SHARD),
      up: new Uint16Array(cells).fill(NO_SHARD),
      down: new Uint16Array(cells).fill(NO_SHARD),
      besides: new Uint16Array(cells).fill(NO_SHARD),
    },
    bytes: new Float64Array(cells),
    dtype: new Uint8Array(cells).fill(NO_DTYPE),
    shardIndex: new Map(shards.map((file, at) => [file, at])),
    dtypes: [],
  };
  const missing = options.complete ? CELL.defect : CELL.pending;
  const painted = rows.map((row, at) => {
    const group = layout.groups[row.group];
    if (group && row.kind !== 'dense') paintGroup(paint, at, group, row);
    else if (row.experts) paint.state.fill(missing, at * columns, at * columns + Math.min(row.experts, columns));
    return { ...row, bytes: rowBytes(paint, at) };
  });
  const { state, files, bytes, dtype, dtypes } = paint;
  return {
    rows: withFewDefects(painted),
    columns,
    state,
    files,
    bytes,
    dtype,
    shards,
    dtypes,
    defects: countDefects(painted, state, columns),
  };
}

/** The tensors of one expert in the order gate, up, down, each with the bytes that are the expert's. */
export function cellTensors(checkpoint: Readable, group: LayerGroup, expert: number): readonly CellTensor[] {
  return group.members.flatMap((member): CellTensor[] => {
    const tensor = checkpoint.tensors.get(nameIn(member, expert));
    if (!tensor) return [];
    const { name, dtype, shape, file, start, end } = tensor;
    const { projection, part } = member;
    return [{ name, projection, part, dtype, shape, file, start, end, slice: sliceOf(group, member, tensor, expert) }];
  });
}

/** The tensors that stand beside the experts of a group. */
export function besideTensors(checkpoint: Readable, group: LayerGroup, kind: BesideKind): readonly CellTensor[] {
  return besideNames(checkpoint, group, kind).flatMap((name): CellTensor[] => {
    const tensor = checkpoint.tensors.get(name);
    if (!tensor) return [];
    const { dtype, shape, file, start, end } = tensor;
    return [{ name, projection: kind, part: '', dtype, shape, file, start, end, slice: null }];
  });
}

function withFewDefects(rows: readonly MapRow[]): readonly MapRow[] {
  let left = LIMIT_DEFECTS;
  return rows.map((row) => {
    const most = Math.max(1, left);
    left -= row.defects.length;
    return row.defects.length <= most ? row : { ...row, defects: row.defects.slice(0, most) };
  });
}

function nameIn(member: ExpertMember, expert: number): string {
  return member.template.replace('{i}', String(expert));
}

function isApart(member: ExpertMember): boolean {
  return member.template.includes('{i}');
}

function sliceOf(
  group: LayerGroup,
  member: ExpertMember,
  tensor: CheckpointTensor,
  expert: number,
): CellTensor['slice'] {
  const each = (tensor.end - tensor.start) / (group.experts ?? 1);
  if (isApart(member) || !Number.isInteger(each)) return null;
  return { start: tensor.start + expert * each, end: tensor.start + (expert + 1) * each };
}

interface Paint {
  readonly checkpoint: Readable;
  readonly complete: boolean;
  readonly columns: number;
  readonly state: Uint8Array<ArrayBuffer>;
  readonly files: CellFiles;
  readonly bytes: Float64Array<ArrayBuffer>;
  readonly dtype: Uint8Array<ArrayBuffer>;
  readonly shardIndex: ReadonlyMap<string, number>;
  readonly dtypes: DType[];
}

function paintGroup(paint: Paint, at: number, group: LayerGroup, row: MapRow): void {
  const count = Math.min(row.experts ?? 0, paint.columns);
  const odd = new Set(row.defects.flatMap((defect) => (defect.expert === undefined ? [] : [defect.expert])));
  const expected = expectedMembers(group);
  for (let expert = 0; expert < count; expert += 1) {
    const cell = at * paint.columns + expert;
    let found = 0;
    for (const member of group.members) {
      const tensor = paint.checkpoint.tensors.get(nameIn(member, expert));
      if (!tensor) continue;
      found += 1;
      addTensor(paint, cell, tensor, member, isApart(member) ? 1 : (row.experts ?? 1));
    }
    const whole = found >= expected && found > 0;
    const missing = paint.complete ? CELL.defect : CELL.pending;
    paint.state[cell] = odd.has(expert) ? CELL.defect : whole ? CELL.present : missing;
  }
}

/** Tensors an expert has when it is whole: at least what a projection set needs, also before every kind has been seen. */
function expectedMembers(group: LayerGroup): number {
  const joint = group.members.some((member) => member.projection === 'gate-up');
  const gated = joint || group.members.some((member) => member.projection === 'gate');
  return Math.max(group.members.length, joint || !gated ? 2 : 3);
}

function addTensor(paint: Paint, cell: number, tensor: CheckpointTensor, member: ExpertMember, sharedBy: number): void {
  paint.bytes[cell] = (paint.bytes[cell] ?? 0) + (tensor.end - tensor.start) / sharedBy;
  addFile(paint.files, cell, paint.shardIndex.get(tensor.file) ?? NO_SHARD, member);
  if (paint.dtype[cell] !== NO_DTYPE) return;
  let code = paint.dtypes.indexOf(tensor.dtype);
  if (code === -1) code = paint.dtypes.push(tensor.dtype) - 1;
  paint.dtype[cell] = code;
}

/** A matrix's own file counts for its projection, a companion's only where no matrix's is known. */
function addFile(files: CellFiles, cell: number, file: number, { projection, part }: ExpertMember): void {
  const columns = projection === 'gate-up' ? [files.gate, files.up] : [files[projection]];
  for (const column of columns) {
    const before = column[cell] ?? NO_SHARD;
    if (before === file) continue;
    if (before !== NO_SHARD) files.besides[cell] = isWeightPart(part) ? before : file;
    if (before === NO_SHARD || isWeightPart(part)) column[cell] = file;
  }
}

/** The memory of a map's arrays, which may be moved to another thread. */
export function buffersOfMap({ state, files, bytes, dtype }: ExpertMap): ArrayBuffer[] {
  return [state, bytes, dtype, ...Object.values(files)].map(({ buffer }) => buffer);
}

/** The files that hold a cell's tensors, each once, as indices into `shards`: gate's first, then up's and down's. */
export function filesOfCell({ gate, up, down, besides }: CellFiles, cell: number): readonly number[] {
  const all = [gate, up, down, besides].map((column) => column[cell] ?? NO_SHARD);
  return all.filter((file, at) => file !== NO_SHARD && all.indexOf(file) === at);
}

function rowBytes({ bytes, columns }: Paint, at: number): number {
  let sum = 0;
  for (let cell = at * columns; cell < (at + 1) * columns; cell += 1) sum += bytes[cell] ?? 0;
  return sum;
}

/** Cells that are defects; a row whose defects concern no single cell counts once. */
function countDefects(rows: readonly MapRow[], state: Uint8Array, columns: number): number {
  let count = 0;
  rows.forEach((row, at) => {
    const cells = state
      .subarray(at * columns, (at + 1) * columns)
      .reduce((sum, cell) => sum + (cell === CELL.defect ? 1 : 0), 0);
    count += cells > 0 || row.defects.length === 0 ? cells : 1;
  });
  return count;
}

function rowsOf(checkpoint: Readable, layout: CheckpointLayout, complete: boolean): MapRow[] {
  const attention = attentionByLayer(checkpoint.tensors.keys());
  const known = layout.groups.map((group, at) => rowOf(group, at, complete, checkpoint, attention));
  const seen = new Set(known.filter((row) => row.kind !== 'mtp').map((row) => row.index));
  const unseen = promisedRows(checkpoint, known).filter((row) => !seen.has(row.index));
  const awaited = complete ? lostRows(checkpoint, unseen) : unseen;
  if (awaited.length === 0 && complete) return known.slice(0, LIMIT_ROWS);
  const order = (row: MapRow) => (row.kind === 'mtp' ? 1e9 : 0) + (row.index ?? -1);
  const stacks = new Set(known.map((row) => stackAndRest(row.prefix)));
  // With several stacks (a vision tower, two decoders) the layout's own order counts.
  const rows = [...known, ...awaited];
  return (stacks.size <= 2 ? rows.sort((a, b) => order(a) - order(b)) : rows).slice(0, LIMIT_ROWS);
}

/** Of rows that no header shows, those of which the index names tensors: they keep their place, and say which files lack. */
function lostRows({ absent }: Readable, unseen: readonly MapRow[]): MapRow[] {
  const files = new Map<string, Set<string>>();
  for (const [name, file] of absent ?? []) {
    const layer = layerPrefix(name);
    files.set(layer, (files.get(layer) ?? new Set()).add(file));
  }
  return unseen.flatMap((row) => {
    const held = files.get(layerPrefix(row.prefix));
    if (!held) return [];
    const [first] = held;
    const where = held.size === 1 ? first : `${first} and ${plural(held.size - 1, 'other file')}`;
    const message = `No tensor of layer ${row.index} was read. The index puts them into ${where}.`;
    return [{ ...row, defects: [{ tag: 'expert-missing' as const, message }] }];
  });
}

/** What the prefixes of one stack's layers have in common. */
function stackAndRest(prefix: string): string {
  const { stack, rest } = tensorPlace(prefix);
  return `${stack}.#.${rest}`;
}

function rowOf(
  group: LayerGroup,
  at: number,
  complete: boolean,
  checkpoint: Readable,
  attention: ReturnType<typeof attentionByLayer>,
): MapRow {
  const { prefix, index, kind, layout, shared, router } = group;
  const experts =
    group.experts ?? (complete || kind === 'dense' ? null : expertCount(checkpoint.config, index, prefix));
  return {
    group: at,
    prefix,
    index,
    kind,
    family: layout?.family ?? null,
    dialect: layout?.dialect ?? null,
    experts,
    stacked: group.members.length > 0 && !group.members.some(isApart),
    bands: glyphOf(group)?.weights.map((tensor) => tensor.bands) ?? [],
    shared: shared.length,
    router: router.length,
    attention: attention.get(layerPrefix(prefix))?.length ?? 0,
    bytes: 0,
    defects: complete ? group.defects : group.defects.filter((defect) => SURE.has(defect.tag)),
  };
}

/** Defects that later shards cannot heal. */
const SURE: ReadonlySet<string> = new Set([
  'expert-extra',
  'expert-duplicate',
  'expert-shape-unequal',
  'expert-dtype-unequal',
]);

/** Every layer that the config promises, as it is known without a header. */
function promisedRows({ config }: Readable, known: readonly MapRow[]): MapRow[] {
  const first = known.find((row) => row.kind === 'moe');
  const stem = first?.prefix ?? '';
  const layers = Math.min(layerCount(config, stem) ?? 0, LIMIT_ROWS);
  const rule = architectureOf(modelTypeOf(config));
  return Array.from({ length: layers }, (_, index): MapRow => {
    const prefix = first?.index == null ? '' : stem.replace(String(first.index), String(index));
    const sparse = (rule && config && isMoeLayer(rule, expertConfig(config, stem), index, stem)) ?? true;
    const experts = sparse ? expertCount(config, index, stem) : null;
    const kind: GroupKind = experts === null ? 'dense' : 'moe';
    return {
      group: -1,
      prefix,
      index,
      kind,
      family: null,
      dialect: null,
      experts,
      stacked: false,
      bands: [],
      shared: 0,
      router: 0,
      attention: 0,
      bytes: 0,
      defects: [],
    };
  });
}
