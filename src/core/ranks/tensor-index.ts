import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { layerEnd, layerPrefix, tensorPlace } from '../layouts/tensor-place.ts';
import type { CheckpointLayout, ExpertMember, LayerGroup, StoredProjection } from '../layouts/types.ts';
import { isHalved } from '../plan/operations.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { FileOffset, Shape } from '../safetensors/types.ts';

/**
 * How expert tensor parallelism cuts one expert's part: its rows, the rows of gate and of up, its columns (then a reader
 * takes whole rows), or not at all.
 */
export type InnerCut = 'rows' | 'halves' | 'columns' | 'none';

/** The experts of a layer that a tensor holds. */
export interface ExpertHolding {
  /** Index into TensorIndex.layers. */
  readonly layer: number;
  /** First expert; with `count` 1 in layouts that store experts apart. */
  readonly first: number;
  readonly count: number;
  /** True in layouts that store experts one by one: the tensor has no dim for experts. */
  readonly apart: boolean;
  readonly projection: StoredProjection;
  /** `weight`, `bias` or a quantised companion's suffix. */
  readonly part: string;
  /** Shape of one expert's part. */
  readonly inner: Shape;
  readonly cut: InnerCut;
}

/** A tensor with its position in a file and the facts that the cuts of frameworks need. */
export interface IndexedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Index into TensorIndex.files. */
  readonly file: number;
  readonly start: FileOffset;
  readonly end: FileOffset;
  /** Null for everything but routed experts. */
  readonly expert: ExpertHolding | null;
  /** The number of its decoder layer, or `first` or `last` for tensors before and after the layers. */
  readonly layer: number | 'first' | 'last';
  /** Its name below the layer (or whole). */
  readonly tail: string;
}

export interface IndexedLayer {
  readonly prefix: string;
  readonly index: number | null;
  readonly experts: number;
  /** Bytes of each expert, all its parts together. */
  readonly bytes: Float64Array;
}

/** Indices into the list of tensors, ascending: those of no routed expert, and those of each expert. */
export interface ExpertLookup {
  readonly dense: readonly number[];
  readonly layers: readonly LayerIndex[];
}

export interface LayerIndex {
  /** Tensors that hold all of the layer's experts. */
  readonly together: readonly number[];
  /** Tensors of one expert, expert by expert. */
  readonly apart: readonly (readonly number[])[];
  /** Bytes of each expert in each file that has any of it. */
  readonly files: readonly (readonly FileShare[])[];
}

export interface FileShare {
  /** Index into TensorIndex.files. */
  readonly file: number;
  bytes: number;
}

/** The tensors of a checkpoint in the order of files, with what placement needs of them. Made once for all meshes. */
export interface TensorIndex {
  readonly files: readonly { readonly name: string; readonly byteLength: number; readonly dataStart: number }[];
  readonly layers: readonly IndexedLayer[];
  /** In the order of files and of bytes. */
  readonly tensors: readonly IndexedTensor[];
  readonly lookup: ExpertLookup;
  /** Bytes of all tensors. */
  readonly bytes: number;
  /** Bytes of tensors in whose names vLLM's weight filter finds an expert's number. */
  readonly numbered: number;
  /** Tensors of multi-token prediction. They are not indexed, because no framework here loads them by default. */
  readonly leftOut: { readonly tensors: number; readonly bytes: number };
  /** Number of expert tensors that are stored in an unknown way and counted whole on every rank. */
  readonly unknown: number;
}

/** Names that vLLM's filter recognises as the weight of one expert. Source: vllm-project/vllm#37351. */
const NUMBERED = /\.experts\.(\d+)\..*\.(weight|weight_packed)$/;
const LAST = /(^|\.)(lm_head|embed_out|output|norm|final_layernorm|final_norm|ln_f|norm_f)\.[a-z_]+$/;

/** Indexes the tensors of a checkpoint in a layout. */
export function indexTensors(
  checkpoint: Pick<Checkpoint, 'shards' | 'tensors'>,
  layout: CheckpointLayout,
): TensorIndex {
  const files = checkpoint.shards.map(({ file, byteLength, dataStart }) => ({ name: file, byteLength, dataStart }));
  const numbers = new Map(files.map((file, index) => [file.name, index]));
  const groups = layout.groups.filter((group) => group.kind === 'moe' && group.experts !== null);
  const layers = groups.map((group) => ({
    prefix: group.prefix,
    index: group.index,
    experts: group.experts ?? 0,
    bytes: new Float64Array(group.experts ?? 0),
  }));
  const holdings = new Map<string, ExpertHolding>();
  for (const [layer, group] of groups.entries()) addHoldings(group, layer, checkpoint.tensors, holdings);
  const known = new Set(groups.flatMap((group) => group.expertTensors));
  const skip = mtpRoots(layout);
  const stacks = new Set(groups.map((group) => tensorPlace(group.prefix).stack));
  const tensors: IndexedTensor[] = [];
  const leftOut = { tensors: 0, bytes: 0 };
  let unknown = 0;
  for (const tensor of checkpoint.tensors.values()) {
    const end = layerEnd(tensor.name);
    if (isLeftOut(tensor.name, end, skip)) {
      leftOut.tensors++;
      leftOut.bytes += tensor.end - tensor.start;
      continue;
    }
    const expert = holdings.get(tensor.name) ?? null;
    if (expert) addBytes(layers[expert.layer], expert, tensor);
    else if (known.has(tensor.name)) unknown++;
    tensors.push(placed(tensor, numbers.get(tensor.file) ?? 0, expert, stacks));
  }
  tensors.sort((a, b) => a.file - b.file || a.start - b.start);
  const bytes = sizeOf(tensors);
  const numbered = sizeOf(tensors.filter(isNumbered));
  return { files, layers, tensors, lookup: lookupOf(tensors, layers), bytes, numbered, leftOut, unknown };
}

/** True if vLLM's weight filter finds the expert number in the name of this tensor. */
export function isNumbered({ expert, name }: IndexedTensor): boolean {
  return expert !== null && NUMBERED.test(name);
}

function sizeOf(tensors: readonly IndexedTensor[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.end - tensor.start, 0);
}

function lookupOf(tensors: readonly IndexedTensor[], layers: readonly IndexedLayer[]): ExpertLookup {
  const dense: number[] = [];
  const byLayer = layers.map(({ experts }) => ({
    together: [] as number[],
    apart: Array.from({ length: experts }, (): number[] => []),
    files: Array.from({ length: experts }, (): FileShare[] => []),
  }));
  for (const [at, tensor] of tensors.entries()) {
    const { expert } = tensor;
    const layer = expert ? byLayer[expert.layer] : undefined;
    if (!expert || !layer) {
      dense.push(at);
      continue;
    }
    if (expert.apart) layer.apart[expert.first]?.push(at);
    else layer.together.push(at);
    addFileShares(layer.files, expert, tensor);
  }
  return { dense, layers: byLayer };
}

/** Tensors come in the order of files. */
function addFileShares(
  files: FileShare[][],
  { first, count }: ExpertHolding,
  { file, start, end }: IndexedTensor,
): void {
  const bytes = (end - start) / count;
  for (const shares of files.slice(first, first + count)) {
    const last = shares.at(-1);
    if (last?.file === file) last.bytes += bytes;
    else shares.push({ file, bytes });
  }
}

function placed(
  tensor: CheckpointTensor,
  file: number,
  expert: ExpertHolding | null,
  stacks: ReadonlySet<string>,
): IndexedTensor {
  const { name, dtype, shape, start } = tensor;
  const place = tensorPlace(name);
  const layer = place.layer !== null && stacks.has(place.stack) ? place.layer : LAST.test(name) ? 'last' : 'first';
  return {
    name,
    dtype,
    shape,
    file,
    start,
    end: tensor.end,
    expert,
    layer,
    tail: place.rest,
  };
}

/** Prefixes of multi-token prediction: `model.layers.61`, `mtp`. */
function mtpRoots(layout: CheckpointLayout): { readonly layers: ReadonlySet<string>; readonly stacks: boolean } {
  const prefixes = layout.groups.filter((group) => group.kind === 'mtp').map((group) => group.prefix);
  const layers = new Set(prefixes.map(layerPrefix));
  return { layers, stacks: prefixes.some((prefix) => /^(.*\.)?mtp(_|\.)/.test(prefix)) };
}

function isLeftOut(name: string, end: number, skip: ReturnType<typeof mtpRoots>): boolean {
  if (end > 0 && skip.layers.has(name.slice(0, end))) return true;
  return skip.stacks && /^(model\.)?mtp[._]/.test(name);
}

function addHoldings(
  group: LayerGroup,
  layer: number,
  tensors: ReadonlyMap<string, CheckpointTensor>,
  into: Map<string, ExpertHolding>,
): void {
  const experts = group.experts ?? 0;
  for (const member of group.members) {
    const { projection, part } = member;
    if (member.template.includes('{i}')) {
      const cut = cutOf(group, member, member.shape);
      for (let first = 0; first < experts; first++) {
        const name = member.template.replaceAll('{i}', String(first));
        if (tensors.has(name))
          into.set(name, { layer, first, count: 1, apart: true, projection, part, inner: member.shape, cut });
      }
      continue;
    }
    const inner = innerShape(member.shape, experts);
    if (inner && tensors.has(member.template)) {
      const cut = cutOf(group, member, inner);
      into.set(member.template, { layer, first: 0, count: experts, apart: false, projection, part, inner, cut });
    }
  }
}

/** One expert's shape in a tensor whose first dim counts experts, alone or times their rows; null when it does not. */
function innerShape([first, ...rest]: Shape, experts: number): Shape | null {
  if (first === undefined) return null;
  if (first === experts) return rest;
  return experts > 0 && first % experts === 0 ? [first / experts, ...rest] : null;
}

function cutOf(group: LayerGroup, member: ExpertMember, inner: Shape): InnerCut {
  if (group.orientation === 'ambiguous' || inner.length === 0) return 'none';
  const outputs = member.projection !== 'down';
  if (inner.length === 1) return outputs ? rowsOf(group, member) : 'none';
  const rowsAreOutputs = group.orientation === 'out-in' || group.layout?.family === 'per-expert';
  return outputs === rowsAreOutputs ? rowsOf(group, member) : 'columns';
}

function rowsOf(group: LayerGroup, member: ExpertMember): InnerCut {
  return member.projection === 'gate-up' && isHalved(group.fusion) ? 'halves' : 'rows';
}

function addBytes(layer: IndexedLayer | undefined, expert: ExpertHolding, tensor: CheckpointTensor): void {
  if (!layer) return;
  const each = (tensor.end - tensor.start) / expert.count;
  for (let index = expert.first; index < expert.first + expert.count; index++) {
    layer.bytes[index] = (layer.bytes[index] ?? 0) + each;
  }
}
