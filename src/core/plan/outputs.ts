import type { CompanionValues } from '../checkpoint/read-companion-values.ts';
import type { CheckpointTensor } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import { rewrittenValue } from '../layouts/part-values.ts';
import type { ExpertMember, LayerGroup, Projection } from '../layouts/types.ts';
import { isJoined, jointOfPart, matrixView } from '../layouts/view.ts';
import { bytesOf, type DType, elementsOf } from '../safetensors/dtype.ts';
import type { Shape } from '../safetensors/types.ts';
import { type Move, mergeCopies, partBytes, partsOf, spanOf } from './parts.ts';
import type { BytesPart, Operation, Part } from './types.ts';

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

/** One group and what it becomes. */
export interface GroupChange {
  readonly from: LayerGroup;
  readonly to: LayerGroup;
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** What the plan knows of companions' values. */
  readonly values?: CompanionValues | undefined;
}

/** The tensors of one group in its target form, each filled from the source group's tensors. */
export function convertedTensors(change: GroupChange, operations: readonly Operation[]): OutputDraft[] {
  const experts = change.to.experts ?? 0;
  return change.to.members.flatMap((member) => {
    if (!member.template.includes('{i}')) {
      const parts = range(experts).flatMap((expert) => expertParts(change, member, expert));
      return [draft(member, member.template, parts, operations)];
    }
    return range(experts).map((expert) => {
      const name = member.template.replaceAll('{i}', String(expert));
      return draft(member, name, expertParts(change, member, expert), operations);
    });
  });
}

/** What is one value for gate and up is written once, from gate's: that up's is equal was seen before. */
function projectionsOf({ projection, part }: ExpertMember, to: LayerGroup): readonly Projection[] {
  if (projection !== 'gate-up') return [projection];
  return jointOfPart(to, part) === 'rows' ? ['gate', 'up'] : ['gate'];
}

function expertParts(change: GroupChange, member: ExpertMember, expert: number): Part[] {
  const moves = projectionsOf(member, change.to).map((projection) => moveOf(change, member, projection, expert));
  const [move] = moves;
  if (!move || !isRewritten(change, member)) return partsOf(moves);
  return [rewrittenPart(change, member, move, expert)];
}

function moveOf({ from, to, tensors }: GroupChange, member: ExpertMember, projection: Projection, expert: number) {
  const source = matrixView(from, projection, expert, member.part);
  const target = matrixView(to, projection, expert, member.part);
  const tensor = source && tensors.get(source.tensor);
  if (!source || !target || !tensor) throw lacking(member, expert, 'view');
  return { from: source, source: tensor, to: target } satisfies Move;
}

function isRewritten({ from, to }: GroupChange, { projection, part }: ExpertMember): boolean {
  if (projection === 'down' || isJoined(from, part) === isJoined(to, part)) return false;
  return jointOfPart(to, part) === 'rewritten';
}

function rewrittenPart({ from, values }: GroupChange, member: ExpertMember, move: Move, expert: number): BytesPart {
  const projection = member.projection === 'up' ? 'up' : 'gate';
  const bytes = rewrittenValue(from, projection, expert, member.part, values);
  if (!bytes) throw lacking(member, expert, 'value');
  return { kind: 'bytes', bytes: [...bytes], origin: spanOf(move) };
}

function lacking({ template, part }: ExpertMember, expert: number, what: string): LoomError {
  return new LoomError('internal', `${template}: no ${what} of expert ${expert}'s ${part}.`, { tensor: template });
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
