import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { renameTensor } from '../layouts/target.ts';
import type { CheckpointLayout, LayerGroup, MatrixView, Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';

/** The same numbers in two checkpoints: a matrix of an expert, or a whole tensor (then the views are null). */
export interface Pair {
  /** Tensor of the original. */
  readonly left: CheckpointTensor;
  readonly right: CheckpointTensor;
  readonly views: { readonly left: MatrixView; readonly right: MatrixView } | null;
  readonly expert: number | null;
  readonly projection: Projection | null;
}

export interface Difference {
  /** Name in the original; in the converted one when the original has no such tensor. */
  readonly tensor: string;
  readonly reason: string;
}

export interface Pairing {
  readonly pairs: readonly Pair[];
  readonly differences: readonly Difference[];
}

interface Side {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
}

/**
 * Matches two checkpoints by meaning: experts by layer, number and projection across layouts, every other tensor by its
 * name or by the architecture's own rename. What has no partner is a difference.
 */
export function pairUp(original: Side, converted: Side): Pairing {
  const pairs: Pair[] = [];
  const differences: Difference[] = [];
  const used = new Set<string>();
  const matched = new Set<string>();
  for (const group of original.layout.groups) {
    if (group.kind === 'dense' || group.layout === null || group.layout.family === 'unknown') continue;
    const partner = partnerOf(group, converted.layout);
    if (!partner) continue;
    pairExperts(group, partner, original, converted, pairs, differences);
    for (const name of group.expertTensors) matched.add(name);
    for (const name of partner.expertTensors) used.add(name);
  }
  for (const tensor of original.checkpoint.tensors.values()) {
    if (matched.has(tensor.name)) continue;
    const right = candidates(tensor.name, original, converted).find(
      (name) => converted.checkpoint.tensors.has(name) && !used.has(name),
    );
    const partner = right === undefined ? undefined : converted.checkpoint.tensors.get(right);
    if (partner) {
      used.add(partner.name);
      pairs.push({ left: tensor, right: partner, views: null, expert: null, projection: null });
    } else {
      differences.push({ tensor: tensor.name, reason: 'is missing from the converted checkpoint' });
    }
  }
  for (const name of converted.checkpoint.tensors.keys()) {
    if (!used.has(name)) differences.push({ tensor: name, reason: 'is not in the original' });
  }
  return { pairs, differences };
}

/** The group of the same layer: under the same prefix, else the only one of that layer and kind. */
function partnerOf(group: LayerGroup, layout: CheckpointLayout): LayerGroup | null {
  const comparable = layout.groups.filter(
    (other) => other.kind === group.kind && other.layout !== null && other.layout.family !== 'unknown',
  );
  const same = comparable.find((other) => other.prefix === group.prefix);
  if (same) return same;
  const near = comparable.filter((other) => layerOf(other.prefix) === layerOf(group.prefix));
  return near.length === 1 ? (near[0] ?? null) : null;
}

/** `model.layers.0` of `model.layers.0.block_sparse_moe`. */
function layerOf(prefix: string): string {
  return /^.*?(?:layers|blocks|h)\.\d+/.exec(prefix)?.[0] ?? prefix;
}

function pairExperts(
  group: LayerGroup,
  partner: LayerGroup,
  original: Side,
  converted: Side,
  pairs: Pair[],
  differences: Difference[],
): void {
  if (group.experts !== partner.experts) {
    differences.push({
      tensor: group.expertTensors[0] ?? group.prefix,
      reason: `${group.prefix} has ${group.experts} experts in the original and ${partner.experts} in the converted checkpoint`,
    });
    return;
  }
  for (const [projection, part] of contents(group)) {
    for (let expert = 0; expert < (group.experts ?? 0); expert++) {
      const left = matrixView(group, projection, expert, part);
      const right = matrixView(partner, projection, expert, part);
      const leftTensor = left && original.checkpoint.tensors.get(left.tensor);
      const rightTensor = right && converted.checkpoint.tensors.get(right.tensor);
      if (!left || !leftTensor) continue;
      const mismatch =
        right && rightTensor
          ? shapeMismatch(left, right)
          : `has no partner (expert ${expert}'s ${projection} ${part}) in the converted checkpoint`;
      if (mismatch !== null || !right || !rightTensor)
        differences.push({ tensor: left.tensor, reason: mismatch ?? 'has no partner' });
      else pairs.push({ left: leftTensor, right: rightTensor, views: { left, right }, expert, projection });
    }
  }
}

function shapeMismatch(left: MatrixView, right: MatrixView): string | null {
  if (left.dtype !== right.dtype)
    return `is ${left.dtype} in the original and ${right.dtype} in the converted checkpoint`;
  if (left.rows !== right.rows || left.columns !== right.columns) {
    return `is ${left.rows} × ${left.columns} in the original and ${right.rows} × ${right.columns} in the converted checkpoint`;
  }
  return null;
}

/** Every projection and part that a group stores: gate weight, up weight, down scale … */
function contents(group: LayerGroup): [Projection, string][] {
  const found = new Map<string, [Projection, string]>();
  for (const member of group.members) {
    const projections: readonly Projection[] = member.projection === 'gate-up' ? ['gate', 'up'] : [member.projection];
    for (const projection of projections) found.set(`${projection} ${member.part}`, [projection, member.part]);
  }
  return [...found.values()];
}

/** Names under which a tensor may stand in the other checkpoint: its own, then the architecture's renames. */
function candidates(name: string, original: Side, converted: Side): string[] {
  const { modelType } = original.layout;
  const names = [
    name,
    renameTensor(name, modelType, 'gate-up', original.layout),
    renameTensor(name, modelType, 'per-expert', original.layout),
  ];
  return [...new Set(names)].filter(
    (candidate) =>
      candidate === name || !original.checkpoint.tensors.has(candidate) || converted.checkpoint.tensors.has(candidate),
  );
}
