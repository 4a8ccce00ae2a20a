import type { Checkpoint, Finding } from '../checkpoint/types.ts';
import { bytesOf, elementsOf } from '../safetensors/dtype.ts';
import { type Cause, causesOf, defectSeverity } from './causes.ts';
import { withoutConsequences } from './consequences.ts';
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

/**
 * A checkpoint in brief: counts, the layout of each layer, and one finding for each cause. Pure.
 *
 * @example
 * ```ts
 * import { inspectCheckpoint, openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const { modelType, parameters, findings } = inspectCheckpoint(await openCheckpoint(await openFolder('model')));
 * console.log(modelType, parameters, findings.length); // → qwen3_moe 311328 0
 * ```
 */
export function inspectCheckpoint(
  checkpoint: Checkpoint,
  layout: CheckpointLayout = detectLayout(checkpoint),
): Inspection {
  const parameterCounts = countParameters(checkpoint, layout);
  const own = withoutConsequences(checkpoint, layout);
  return {
    modelType: layout.modelType,
    tensors: checkpoint.tensors.size,
    parameters: parameterCounts.total,
    parameterCounts,
    bytes: tensorBytes(checkpoint),
    shards: checkpoint.shards.length,
    layout: layout.layout,
    layers: layout.groups.map((group, at) => ({
      prefix: group.prefix,
      index: group.index,
      kind: group.kind,
      family: group.layout?.family ?? null,
      dialect: group.layout?.dialect ?? null,
      experts: group.experts,
      defects: (own.perGroup[at] ?? []).map(({ tag, message }) => ({
        tag,
        message,
        severity: defectSeverity({ tag }),
      })),
    })),
    findings: causesOf(checkpoint, layout),
  };
}

/** Bytes of all tensors, headers left out; of tensors that ranks saved in slices, those of every slice. */
export function tensorBytes({ tensors }: Pick<Checkpoint, 'tensors'>): number {
  let bytes = 0;
  for (const { start, end, slices, dtype } of tensors.values())
    bytes += slices ? slices.reduce((sum, shape) => sum + bytesOf(dtype, elementsOf(shape)), 0) : end - start;
  return bytes;
}
