import type { CheckpointTensor } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import type { ExpertMember, LayerGroup, Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import { bytesOf, type DType, elementsOf } from '../safetensors/dtype.ts';
import type { Shape } from '../safetensors/types.ts';
import { type Move, mergeCopies, partBytes, partsOf } from './parts.ts';
import type { Operation, Part } from './types.ts';

/** An output tensor before it has a place in a file. */
export interface OutputDraft {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly exactShape?: readonly bigint[];
  readonly byteLength: number;
  readonly parts: readonly Part[];
  readonly operations: readonly Operation[];
  readonly expert: boolean;
}

/** A tensor that keeps its bytes, perhaps under another name. */
export function keptTensor(tensor: CheckpointTensor, name: string, expert = false): OutputDraft {
  return {
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    ...(tensor.exactShape ? { exactShape: tensor.exactShape } : {}),
    byteLength: tensor.end - tensor.start,
    parts:
      tensor.end > tensor.start
        ? [{ kind: 'copy', span: { file: tensor.file, start: tensor.start, end: tensor.end } }]
        : [],
    operations: [name === tensor.name ? 'Keep' : 'Rename'],
    expert,
  };
}

/** The tensors of one group in its target form, each filled from the source group's tensors. */
export function convertedTensors(
  from: LayerGroup,
  to: LayerGroup,
  tensors: ReadonlyMap<string, CheckpointTensor>,
  operations: readonly Operation[],
): OutputDraft[] {
  const experts = to.experts ?? 0;
  return to.members.flatMap((member) => {
    const wanted = projectionsOf(member);
    if (!member.template.includes('{i}')) {
      const parts = range(experts).flatMap((expert) => expertParts(from, to, member, wanted, expert, tensors));
      return [draft(member, member.template, parts, operations)];
    }
    return range(experts).map((expert) => {
      const name = member.template.replaceAll('{i}', String(expert));
      return draft(member, name, expertParts(from, to, member, wanted, expert, tensors), operations);
    });
  });
}

function projectionsOf(member: ExpertMember): readonly Projection[] {
  return member.projection === 'gate-up' ? ['gate', 'up'] : [member.projection];
}

function expertParts(
  from: LayerGroup,
  to: LayerGroup,
  member: ExpertMember,
  projections: readonly Projection[],
  expert: number,
  tensors: ReadonlyMap<string, CheckpointTensor>,
): Part[] {
  const moves = projections.map((projection): Move => {
    const source = matrixView(from, projection, expert, member.part);
    const target = matrixView(to, projection, expert, member.part);
    const tensor = source && tensors.get(source.tensor);
    if (!source || !target || !tensor) {
      throw new LoomError(
        'internal',
        `${member.template}: no view of expert ${expert}'s ${projection} ${member.part}.`,
        { tensor: member.template },
      );
    }
    return { from: source, source: tensor, to: target };
  });
  return partsOf(moves);
}

function draft(
  member: ExpertMember,
  name: string,
  parts: readonly Part[],
  operations: readonly Operation[],
): OutputDraft {
  const byteLength = bytesOf(member.dtype, elementsOf(member.shape));
  const filled = parts.reduce((sum, part) => sum + partBytes(part), 0);
  if (filled !== byteLength) {
    throw new LoomError('internal', `${name} needs ${byteLength} bytes, but its parts have ${filled}.`, {
      tensor: name,
    });
  }
  return {
    name,
    dtype: member.dtype,
    shape: member.shape,
    byteLength,
    parts: mergeCopies(parts),
    operations,
    expert: true,
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
