import type { Checkpoint, Finding } from '../checkpoint/types.ts';
import { layerPrefix } from './tensor-place.ts';
import type { CheckpointLayout, Defect } from './types.ts';

/** Findings after which tensors are not here, and nobody knows which where no index says it. */
const GAPS: ReadonlySet<Finding['tag']> = new Set([
  'shard-missing',
  'shard-invalid',
  'shard-unread',
  'lfs-pointer',
  'index-tensor-missing',
]);

/**
 * A layout without the defects that follow from a finding about the files: of slices all, of layers that the index puts
 * in part into shards that are not here all of theirs; where a shard is missing and no index says what it held, missing
 * experts and layers without those that the config gives them. A cause is reported once. Engines use the layout as it is.
 */
export function withoutConsequences(
  { findings, absent, indexFile }: Pick<Checkpoint, 'findings' | 'absent' | 'indexFile'>,
  { groups, defects }: Pick<CheckpointLayout, 'groups' | 'defects'>,
): {
  readonly defects: readonly Defect[];
  /** Defects of each group, in the order of the groups. */
  readonly perGroup: readonly (readonly Defect[])[];
} {
  if (findings.some(({ tag }) => tag === 'rank-slices')) return { defects: [], perGroup: groups.map(() => []) };
  const incomplete = new Set([...(absent?.keys() ?? [])].map(layerPrefix).filter((prefix) => prefix !== ''));
  const unknown = indexFile === null && findings.some(({ tag }) => GAPS.has(tag));
  const isTold = ({ group }: Defect) => group !== undefined && (unknown || incomplete.has(layerPrefix(group)));
  const perGroup = groups.map((group) => {
    if (incomplete.has(layerPrefix(group.prefix))) return [];
    return unknown ? group.defects.filter(({ tag }) => tag !== 'expert-missing') : group.defects;
  });
  return { defects: defects.filter((defect) => !isTold(defect)), perGroup };
}
