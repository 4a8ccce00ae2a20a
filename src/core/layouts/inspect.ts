import type { Checkpoint, Finding } from '../checkpoint/types.ts';
import { type Cause, causesOf, defectSeverity } from './causes.ts';
import { detectLayout } from './detect.ts';
import { countParameters, type ParameterCount } from './parameters.ts';
import type { CheckpointLayout, Defect, Dialect, Family, GroupKind } from './types.ts';

export interface InspectedLayer {
  readonly prefix: string;
  readonly index: number | null;
  readonly kind: GroupKind;
  readonly family: Family | null;
  readonly dialect: Dialect | null;
  readonly experts: number | null;
  readonly defects: readonly (Pick<Defect, 'tag' | 'message'> & Pick<Finding, 'severity'>)[];
}

/** What `moe-loom inspect --json` prints: a contract. `bytes` are tensor bytes, headers left out; `parameters` counts packed formats unpacked. */
export interface Inspection {
  readonly modelType: string | null;
  readonly tensors: number;
  readonly parameters: number;
  readonly parameterCounts: ParameterCount;
  readonly bytes: number;
  readonly shards: number;
  readonly layout: CheckpointLayout['layout'];
  readonly layers: readonly InspectedLayer[];
  /** One for each cause: findings about the files, then the defects of layers. */
  readonly findings: readonly Cause[];
}

/** A checkpoint in brief. */
export function inspectCheckpoint(
  checkpoint: Checkpoint,
  layout: CheckpointLayout = detectLayout(checkpoint),
): Inspection {
  const parameterCounts = countParameters(checkpoint, layout);
  let bytes = 0;
  for (const tensor of checkpoint.tensors.values()) bytes += tensor.end - tensor.start;
  return {
    modelType: layout.modelType,
    tensors: checkpoint.tensors.size,
    parameters: parameterCounts.total,
    parameterCounts,
    bytes,
    shards: checkpoint.shards.length,
    layout: layout.layout,
    layers: layout.groups.map((group) => ({
      prefix: group.prefix,
      index: group.index,
      kind: group.kind,
      family: group.layout?.family ?? null,
      dialect: group.layout?.dialect ?? null,
      experts: group.experts,
      defects: group.defects.map(({ tag, message }) => ({ tag, message, severity: defectSeverity({ tag }) })),
    })),
    findings: causesOf(checkpoint, layout),
  };
}
