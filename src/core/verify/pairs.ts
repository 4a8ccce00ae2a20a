import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import type { Architecture } from '../layouts/architecture-row.ts';
import { architectureOf } from '../layouts/architecture-rules.ts';
import { prefixIn } from '../layouts/rename.ts';
import { renameTensor } from '../layouts/target.ts';
import { layerPrefix } from '../layouts/tensor-place.ts';
import type { CheckpointLayout, LayerGroup, MatrixView, Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import { turnedPartner } from './diagnose/turned.ts';
import { sizeOf } from './matrix.ts';
import { holdsView } from './reading.ts';

/** What every expert of a group has: gate weight, up weight, down scale … */
export interface Content {
  readonly projection: Projection;
  readonly part: string;
}

/** The same layer's experts in two checkpoints. `turned` names tensors of the right one whose dims must be exchanged. */
export interface GroupPair {
  readonly left: LayerGroup;
  readonly right: LayerGroup;
  readonly contents: readonly Content[];
  readonly turned: ReadonlySet<string>;
}

/** The place of one matrix of one expert. */
export interface Slot extends Content {
  readonly group: GroupPair;
  readonly expert: number;
}

/** The same numbers in two checkpoints: a matrix of an expert, or a whole tensor (then slot and views are null). */
export interface Pair {
  /** Tensor of the original. */
  readonly left: CheckpointTensor;
  readonly right: CheckpointTensor;
  readonly views: { readonly left: MatrixView; readonly right: MatrixView } | null;
  readonly slot: Slot | null;
}

/** A pair of one expert's matrices. */
export type SlotPair = Pair & { readonly slot: Slot; readonly views: NonNullable<Pair['views']> };

export interface Difference {
  /** Name in the original; in the converted one when the original has no such tensor. */
  readonly tensor: string;
  readonly reason: string;
}

/** A difference with what it was found on; null where there is nothing to look at again. */
export interface Found extends Difference {
  readonly pair: Pair | null;
}

export interface Pairing {
  readonly pairs: readonly Pair[];
  readonly found: readonly Found[];
}

export interface Side {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
}

/**
 * Matches two checkpoints by meaning: experts by layer, number and projection across layouts, every other tensor by its
 * name or by the architecture's own rename. What has no partner is a difference.
 */
export function pairUp(original: Side, converted: Side): Pairing {
  const pairs: Pair[] = [];
  const found: Found[] = [];
  const used = new Set<string>();
  const matched = new Set<string>();
  for (const group of original.layout.groups) {
    if (group.kind === 'dense' || !isKnown(group)) continue;
    const partner = partnerOf(group, converted);
    if (!partner) continue;
    pairExperts(partner, original, converted, pairs, found);
    for (const name of group.expertTensors) matched.add(name);
    for (const name of partner.right.expertTensors) used.add(name);
  }
  for (const tensor of original.checkpoint.tensors.values()) {
    if (matched.has(tensor.name)) continue;
    const right = candidates(tensor.name, original, converted).find(
      (name) => converted.checkpoint.tensors.has(name) && !used.has(name),
    );
    const partner = right === undefined ? undefined : converted.checkpoint.tensors.get(right);
    if (partner) {
      used.add(partner.name);
      pairs.push({ left: tensor, right: partner, views: null, slot: null });
    } else {
      found.push({ tensor: tensor.name, reason: 'is missing from the converted checkpoint', pair: null });
    }
  }
  for (const name of converted.checkpoint.tensors.keys()) {
    if (!used.has(name)) found.push({ tensor: name, reason: 'is not in the original', pair: null });
  }
  return { pairs, found };
}

export function isSlotPair(pair: Pair | null): pair is SlotPair {
  return pair !== null && pair.slot !== null && pair.views !== null;
}

/** What a group's layout lets us take apart. */
export function isKnown(group: LayerGroup): boolean {
  return group.layout !== null && group.layout.family !== 'unknown';
}

/** The group of the same layer: under the same prefix, else the only one of that layer and kind. */
function partnerOf(left: LayerGroup, converted: Side): GroupPair | null {
  const contents = contentsOf(left);
  const ofKind = converted.layout.groups.filter((other) => other.kind === left.kind);
  const row = architectureOf(converted.layout.modelType);
  const right = nearest(left, ofKind.filter(isKnown), row);
  if (right) return { left, right, contents, turned: new Set() };
  const unknown = nearest(
    left,
    ofKind.filter((other) => other.layout !== null && !isKnown(other)),
    row,
  );
  const partner = unknown && turnedPartner(left, unknown, converted);
  return partner ? { left, right: partner.group, contents, turned: partner.turned } : null;
}

function nearest(group: LayerGroup, others: readonly LayerGroup[], row: Architecture | undefined): LayerGroup | null {
  const same = others.find((other) => other.prefix === group.prefix);
  if (same) return same;
  const layer = layerOf(group.prefix, row);
  const near = others.filter((other) => layerOf(other.prefix, row) === layer);
  return near.length === 1 ? (near[0] ?? null) : null;
}

/** `model.layers.0` of `model.layers.0.block_sparse_moe`, as the architecture spells its beginning in memory. */
function layerOf(prefix: string, row: Architecture | undefined): string {
  const layer = layerPrefix(prefix) || prefix;
  return row ? prefixIn('memory', layer, row) : layer;
}

function pairExperts(group: GroupPair, original: Side, converted: Side, pairs: Pair[], found: Found[]): void {
  const { left, right, contents } = group;
  if (left.experts !== right.experts) {
    const reason = `${left.prefix} has ${left.experts} experts in the original and ${right.experts} in the converted checkpoint`;
    found.push({ tensor: left.expertTensors[0] ?? left.prefix, reason, pair: null });
    return;
  }
  for (const bundle of bundlesOf(contents)) {
    for (let expert = 0; expert < (left.experts ?? 0); expert++) {
      for (const content of bundle) pairSlot({ ...content, group, expert }, original, converted, pairs, found);
    }
  }
}

function pairSlot(slot: Slot, original: Side, converted: Side, pairs: Pair[], found: Found[]): void {
  const { group, projection, part, expert } = slot;
  const left = matrixView(group.left, projection, expert, part);
  const right = matrixView(group.right, projection, expert, part);
  const leftTensor = left && original.checkpoint.tensors.get(left.tensor);
  const rightTensor = right && converted.checkpoint.tensors.get(right.tensor);
  if (!left || !leftTensor) return;
  if (!right || !rightTensor) {
    const reason = `is missing from the converted checkpoint (expert ${expert}, ${projection} ${part})`;
    found.push({ tensor: left.tensor, reason, pair: null });
    return;
  }
  if (!holdsView(leftTensor, left) || !holdsView(rightTensor, right)) {
    const reason = `has shape [${leftTensor.shape}] in the original and [${rightTensor.shape}] in the converted checkpoint, unlike its layer's other experts`;
    found.push({ tensor: left.tensor, reason, pair: null });
    return;
  }
  const pair = { left: leftTensor, right: rightTensor, views: { left, right }, slot };
  const mismatch = viewsDiffer(left, right) ?? turnedReason(slot, rightTensor);
  if (mismatch === null) pairs.push(pair);
  else found.push({ tensor: left.tensor, reason: mismatch, pair: sameBytes(left, right) ? pair : null });
}

function viewsDiffer(left: MatrixView, right: MatrixView): string | null {
  if (left.dtype !== right.dtype)
    return `is ${left.dtype} in the original and ${right.dtype} in the converted checkpoint`;
  if (left.rows !== right.rows || left.columns !== right.columns) {
    return `is ${left.rows} × ${left.columns} in the original and ${right.rows} × ${right.columns} in the converted checkpoint`;
  }
  return null;
}

function turnedReason({ group, expert, projection }: Slot, { name, shape }: CheckpointTensor): string | null {
  if (!group.turned.has(name)) return null;
  return `has expert ${expert}'s ${projection} matrix in ${name} of shape [${shape.join(', ')}] in the converted checkpoint, which fits no layout`;
}

function sameBytes(left: MatrixView, right: MatrixView): boolean {
  return left.dtype === right.dtype && sizeOf({ ...left, itemBytes: 1 }) === sizeOf({ ...right, itemBytes: 1 });
}

/** Every projection and part that a group stores: gate weight, up weight, down scale … */
export function contentsOf(group: LayerGroup): Content[] {
  const found = new Map<string, Content>();
  for (const { projection, part } of group.members) {
    const projections: readonly Projection[] = projection === 'gate-up' ? ['gate', 'up'] : [projection];
    for (const each of projections) found.set(`${each} ${part}`, { projection: each, part });
  }
  return [...found.values()];
}

/** Contents that may lie in one tensor, and are read together: gate and up of one part. The rest one by one. */
export function bundlesOf(contents: readonly Content[]): Content[][] {
  const bundles = new Map<string, Content[]>();
  for (const content of contents) {
    const key = `${content.projection === 'down' ? 'down' : 'gate-up'} ${content.part}`;
    bundles.set(key, [...(bundles.get(key) ?? []), content]);
  }
  return [...bundles.values()];
}

/** Names under which a tensor may stand in the other checkpoint: its own, then the architecture's renames. */
function candidates(name: string, original: Side, converted: Side): string[] {
  const { modelType } = original.layout;
  const held = renameTensor(name, modelType, 'gate-up', original.layout);
  const names = [
    name,
    held,
    renameTensor(name, modelType, 'per-expert', original.layout),
    // an architecture may have two spellings on disk: through memory one leads to the other
    ...(held === name ? [] : [renameTensor(held, modelType, 'per-expert', converted.layout)]),
  ];
  return [...new Set(names)].filter(
    (candidate) =>
      candidate === name || !original.checkpoint.tensors.has(candidate) || converted.checkpoint.tensors.has(candidate),
  );
}
