import type { Checkpoint, CheckpointTensor } from '../../checkpoint/types.ts';
import { architectureOf } from '../../layouts/architecture-rules.ts';
import { detectLayout } from '../../layouts/detect.ts';
import { expertTemplate } from '../../layouts/tensor-place.ts';
import type { CheckpointLayout, LayerGroup } from '../../layouts/types.ts';

/** Kinds of expert tensors up to which every choice of turned ones is tried: 2⁶ detections of one layer. */
const MOST_KINDS = 6;

/** A group that is known once the last two dims of the tensors in `turned` are exchanged. */
export interface TurnedPartner {
  readonly group: LayerGroup;
  readonly turned: ReadonlySet<string>;
}

/**
 * The layout that a group of unknown layout would have if some of its matrices were stored the other way round, with the
 * sizes of `original`; null when there is none.
 *
 * Where several would do, the one that the checkpoint's other layers have, then one that the architecture has, then the one
 * that turns the fewest kinds of tensors.
 */
export function turnedPartner(
  original: LayerGroup,
  unknown: LayerGroup,
  { checkpoint, layout }: { readonly checkpoint: Checkpoint; readonly layout: CheckpointLayout },
): TurnedPartner | null {
  const tensors = unknown.expertTensors.flatMap((name) => checkpoint.tensors.get(name) ?? []);
  const kinds = [...new Set(tensors.filter(canTurn).map(kindOf))];
  if (kinds.length > MOST_KINDS) return null;
  const choices = Array.from({ length: 2 ** kinds.length - 1 }, (_, at) =>
    kinds.filter((_, bit) => (at + 1) & (1 << bit)),
  );
  const partners = choices.flatMap((choice): TurnedPartner[] => {
    const turned = tensors.filter((tensor) => canTurn(tensor) && choice.includes(kindOf(tensor)));
    const group = detectTurned(tensors, new Set(turned), checkpoint, unknown.prefix);
    return group && fits(group, original) ? [{ group, turned: new Set(turned.map((tensor) => tensor.name)) }] : [];
  });
  const row = architectureOf(layout.modelType);
  const usual = [...(row?.disk ?? []), ...(row?.memory ? [row.memory] : [])];
  const unlikely = ({ group, turned }: TurnedPartner): number => {
    const family = group.layout?.family;
    const siblings = layout.groups.filter((other) => other.kind === group.kind && other.layout?.family === family);
    return (siblings.length > 0 ? 0 : 4e9) + (usual.some((each) => each.family === family) ? 0 : 2e9) + turned.size;
  };
  return partners.sort((a, b) => unlikely(a) - unlikely(b))[0] ?? null;
}

function canTurn({ shape }: CheckpointTensor): boolean {
  return shape.length >= 2 && shape.at(-1) !== shape.at(-2);
}

/** Names that differ in an expert's number alone are one kind. */
function kindOf({ name }: CheckpointTensor): string {
  return expertTemplate(name);
}

function detectTurned(
  tensors: readonly CheckpointTensor[],
  turned: ReadonlySet<CheckpointTensor>,
  { config }: Checkpoint,
  prefix: string,
): LayerGroup | null {
  const changed = tensors.map((tensor): [string, CheckpointTensor] => {
    const [columns = 1, rows = 1] = [...tensor.shape].reverse();
    const shape = turned.has(tensor) ? [...tensor.shape.slice(0, -2), columns, rows] : tensor.shape;
    return [tensor.name, { ...tensor, shape }];
  });
  const { groups } = detectLayout({ tensors: new Map(changed), config });
  return groups.find((group) => group.prefix === prefix && group.layout?.family !== 'unknown') ?? null;
}

function fits(group: LayerGroup, original: LayerGroup): boolean {
  return (
    group.layout !== null &&
    group.orientation !== 'ambiguous' &&
    group.experts === original.experts &&
    group.intermediate === original.intermediate &&
    group.hidden === original.hidden
  );
}
