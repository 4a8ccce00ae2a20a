import type { Checkpoint } from '../checkpoint/types.ts';
import type { ConversionPlan } from '../plan/types.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { type DenseKind, denseKinds } from './dense-kinds.ts';
import { expertShare, holdsLayer } from './placement.ts';
import { createSharer, type Piece, type TensorShare } from './share.ts';
import type { IndexedTensor, TensorIndex } from './tensor-index.ts';
import type { LayerPlacement, Placement, RankPlace } from './types.ts';

/** Bytes that a rank holds, by kind. `total` is their sum. */
export interface HeldBytes {
  /** Routed experts, each one's first slot. */
  readonly experts: number;
  /** Redundant slots: copies of experts that another slot also holds. */
  readonly redundant: number;
  /** Dense tensors that every rank of its stage keeps whole. */
  readonly denseReplicated: number;
  /** Parts of dense tensors that are cut. */
  readonly denseSharded: number;
  readonly total: number;
}

/** The part of a read that belongs to one tensor. */
export interface ReadPart extends Piece {
  readonly share: TensorShare;
}

/** One byte range of one file. The rank needs every byte of it. */
export interface Read {
  readonly file: string;
  /** From byte 0 of the file. */
  readonly offset: number;
  readonly length: number;
  readonly parts: readonly ReadPart[];
}

/** The reads of a rank that reads only the bytes that it holds. */
export interface RankReads {
  /** Sorted by file and offset, disjoint; adjacent ranges are merged. */
  readonly reads: readonly Read[];
  readonly bytes: number;
  /** Bytes read of each file, in the order of TensorIndex.files. */
  readonly perFile: readonly number[];
  /** Number of tensors that are cut by columns; their whole rows are read. */
  readonly byColumns: number;
}

const NOTHING: HeldBytes = { experts: 0, redundant: 0, denseReplicated: 0, denseSharded: 0, total: 0 };

/** The bytes of every rank. Ranks with equal coordinates are counted once. */
export function heldBytes(tensorIndex: TensorIndex, placement: Placement): HeldBytes[] {
  const experts = new Map<string, readonly [number, number]>();
  const dense = new Map<string, readonly [number, number]>();
  const kinds = denseKinds(tensorIndex, placement);
  return placement.ranks.map((place) => {
    const { ep, inner, etp, stage, fsdp, tp, attn } = place;
    if (ep < 0) return NOTHING;
    const kept = remember(experts, `${ep}/${inner.index}/${etp.index}/${stage.index}`, () =>
      expertBytes(tensorIndex, placement, place),
    );
    const rest = remember(dense, `${stage.index}/${fsdp.index}/${tp.index}/${attn.index}`, () =>
      denseBytes(tensorIndex, placement, place, kinds),
    );
    const total = kept[0] + kept[1] + rest[0] + rest[1];
    return { experts: kept[0], redundant: kept[1], denseReplicated: rest[0], denseSharded: rest[1], total };
  });
}

function remember<K, T>(known: Map<K, T>, key: K, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

/** Bytes of first slots and of redundant slots. Whole experts use the sums of the index; cut experts are counted tensor by tensor. */
function expertBytes(tensorIndex: TensorIndex, placement: Placement, place: RankPlace): readonly [number, number] {
  const firsts = new Map<LayerPlacement['slots'], readonly number[]>();
  const whole = place.etp.of === 1;
  let [first, further] = [0, 0];
  let isCut = false;
  for (const [at, layer] of placement.layers.entries()) {
    if (!holdsLayer(placement, place, layer.index)) continue;
    const { experts, rows, from } = expertShare(placement, place, layer);
    const owners = remember(firsts, layer.slots, () => firstSlots(layer));
    const sizes = tensorIndex.layers[at]?.bytes;
    if (!whole || rows.of > 1) {
      isCut = true;
      continue;
    }
    for (const [slot, expert] of experts.entries()) {
      const bytes = sizes?.[expert] ?? 0;
      if (owners[expert] === slotNumber(layer, place.ep, from + slot)) first += bytes;
      else further += bytes;
    }
  }
  return isCut ? cutExpertBytes(tensorIndex, placement, place, firsts) : [first, further];
}

function firstSlots(layer: LayerPlacement): readonly number[] {
  const first: number[] = new Array(layer.experts).fill(-1);
  for (const [ep, slots] of layer.slots.entries()) {
    for (const [slot, expert] of slots.entries()) if (first[expert] === -1) first[expert] = slotNumber(layer, ep, slot);
  }
  return first;
}

/** A unique number for a slot of a rank; ranks may have different numbers of slots. */
function slotNumber(layer: LayerPlacement, ep: number, slot: number): number {
  return ep * (layer.experts + layer.slots.length) + slot;
}

/** If the experts of one layer are cut inside, those of every layer are. */
function cutExpertBytes(
  tensorIndex: TensorIndex,
  placement: Placement,
  place: RankPlace,
  firsts: Map<LayerPlacement['slots'], readonly number[]>,
): readonly [number, number] {
  const sharer = createSharer(tensorIndex, placement, place);
  let [first, further] = [0, 0];
  for (const tensor of sharer.candidates()) {
    const layer = tensor.expert ? placement.layers[tensor.expert.layer] : undefined;
    const share = layer ? sharer.shareOf(tensor) : null;
    if (!layer || !share?.experts) continue;
    const owners = remember(firsts, layer.slots, () => firstSlots(layer));
    const each = share.bytes / share.experts.length;
    const held = new Set(share.experts);
    const { experts, from } = expertShare(placement, place, layer);
    for (const [slot, expert] of experts.entries()) {
      if (!held.has(expert)) continue;
      if (owners[expert] === slotNumber(layer, place.ep, from + slot)) first += each;
      else further += each;
    }
  }
  return [first, further];
}

function denseBytes(
  tensorIndex: TensorIndex,
  placement: Placement,
  place: RankPlace,
  kinds: readonly DenseKind[],
): readonly [number, number] {
  const sharer = createSharer(tensorIndex, placement, place);
  let [replicated, sharded] = [0, 0];
  for (const { tensor, count } of kinds) {
    const share = sharer.shareOf(tensor);
    if (share?.cut) sharded += count * share.bytes;
    else replicated += count * (share?.bytes ?? 0);
  }
  return [replicated, sharded];
}

/** Every tensor that a rank holds, in the order of files and bytes. */
export function rankTensors(tensorIndex: TensorIndex, placement: Placement, rank: number): TensorShare[] {
  const place = placement.ranks[rank];
  if (!place) throw new RangeError(`There is no rank ${rank}.`);
  const sharer = createSharer(tensorIndex, placement, place);
  return sharer.candidates().flatMap((tensor) => sharer.shareOf(tensor) ?? []);
}

/**
 * The byte ranges of a rank that reads only what it holds.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { DEFAULT_RANK_PROGRAM, planPlacement, rankModel, rankReads } from 'moe-loom/ranks';
 * const model = rankModel(await openCheckpoint(await openFolder('model')));
 * const placement = planPlacement({ framework: DEFAULT_RANK_PROGRAM, ep: 4 }, model.facts);
 * console.log(rankReads(model.tensorIndex, placement, 0).reads.length); // → 8
 * ```
 */
export function rankReads(
  tensorIndex: TensorIndex,
  placement: Placement,
  rank: number,
  wanted: (tensor: IndexedTensor) => boolean = () => true,
): RankReads {
  const reads: { file: string; offset: number; length: number; parts: ReadPart[] }[] = [];
  const perFile: number[] = new Array(tensorIndex.files.length).fill(0);
  let byColumns = 0;
  let lastFile = -1;
  for (const share of rankTensors(tensorIndex, placement, rank)) {
    const { file } = share.tensor;
    if (!wanted(share.tensor)) continue;
    if (share.pieces.some((piece) => piece.columns !== null)) byColumns++;
    for (const piece of share.pieces) {
      const length = piece.end - piece.start;
      perFile[file] = (perFile[file] ?? 0) + length;
      const last = reads.at(-1);
      if (last && lastFile === file && last.offset + last.length === piece.start) {
        last.length += length;
        last.parts.push(partOf(piece, share));
      } else {
        reads.push({
          file: tensorIndex.files[file]?.name ?? '',
          offset: piece.start,
          length,
          parts: [partOf(piece, share)],
        });
        lastFile = file;
      }
    }
  }
  return { reads, perFile, byColumns, bytes: perFile.reduce((sum, bytes) => sum + bytes, 0) };
}

/** Copies fields one by one, because a spread is several times slower and there are tens of thousands. */
function partOf(piece: Piece, share: TensorShare): ReadPart {
  const { start, end, experts, to, also, columns } = piece;
  return { start, end, experts, to, also, columns, share };
}

/** The checkpoint that a conversion will write. Names, files and offsets are final before the first byte is written. */
export function plannedCheckpoint(plan: ConversionPlan, source: Checkpoint): Checkpoint {
  const tensors = plan.shards.flatMap((shard) =>
    shard.tensors.map((tensor) => ({
      name: tensor.name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      ...(tensor.exactShape ? { exactShape: tensor.exactShape } : {}),
      file: shard.file,
      start: tensor.start,
      end: (tensor.start + tensor.byteLength) as FileOffset,
    })),
  );
  return {
    ...source,
    shards: plan.shards.map((shard) => ({
      file: shard.file,
      byteLength: shard.byteLength,
      dataStart: shard.header.byteLength as FileOffset,
      tensors: shard.tensors.length,
      metadata: null,
    })),
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    config: plan.config === null ? source.config : JSON.parse(plan.config.text),
    configText: plan.config?.text ?? source.configText,
    files: plan.shards.map((shard) => ({ name: shard.file, byteLength: shard.byteLength })),
    findings: [],
  };
}
