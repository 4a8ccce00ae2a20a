import type { CompanionValues, NeededValue } from '../checkpoint/read-companion-values.ts';
import type { DType } from '../safetensors/dtype.ts';
import { type DialectSpec, dialectOf } from './dialects.ts';
import { judgeValues } from './part-values.ts';
import { type PartKind, partKind } from './parts.ts';
import { innerShape } from './sizes.ts';
import { TARGET_ROWS } from './target-rows.ts';
import type { ExpertMember, LayerGroup, Projection, StoredProjection, TargetLayout, TargetRefusal } from './types.ts';
import { isBlock, isThreeBit, jointOfPart, matrixView, memberFor } from './view.ts';

/** One part of one projection of one expert, wherever it is stored. `dims`: canonical, [out, in] where it is a matrix. */
interface LogicalPart {
  readonly projection: Projection;
  readonly part: string;
  readonly kind: PartKind;
  readonly dtype: DType;
  /** Null when it cannot be viewed for itself. */
  readonly dims: readonly number[] | null;
}

/** A part as a target stores it: of one projection, or gate and up together. */
export interface JoinedPart {
  readonly projection: StoredProjection;
  readonly part: string;
  readonly kind: PartKind;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

type Refused = { readonly refusal: TargetRefusal };

/** Every part of every projection that a group's members hold. */
export function logicalParts(group: LayerGroup): readonly LogicalPart[] {
  const parts = [...new Set(group.members.map((member) => member.part))];
  const all = new Set(parts);
  return (['gate', 'up', 'down'] as const).flatMap((projection) =>
    parts.flatMap((part): LogicalPart[] => {
      const member = memberFor(group, projection, part);
      if (!member) return [];
      const kind = partKind(part, all);
      return [{ projection, part, kind, dtype: member.dtype, dims: dimsOf(group, member, projection, kind) }];
    }),
  );
}

function dimsOf(
  group: LayerGroup,
  member: ExpertMember,
  projection: Projection,
  kind: PartKind,
): readonly number[] | null {
  const spec = dialectOf(group.layout);
  const view = matrixView(group, projection, 0, member.part);
  if (!spec || !view) return null;
  const inner = innerShape(member, spec, group.experts ?? 0);
  if (inner.length === 2 && (kind === 'matrix' || kind === 'in-major')) return [view.rows, view.columns];
  const halves = member.projection === 'gate-up' && jointOfPart(group, member.part) === 'rows';
  return halves ? [view.rows, ...inner.slice(1)] : inner;
}

/**
 * The parts that a target stores, or the first that it cannot hold exactly.
 *
 * Where values alone decide, they come from `values`; when those are not there, the refusal says which they are.
 */
export function partsFor(
  parts: readonly LogicalPart[],
  spec: DialectSpec,
  group: LayerGroup,
  target: TargetLayout,
  values: CompanionValues | undefined,
): { readonly parts: readonly JoinedPart[] } | Refused {
  const joined: JoinedPart[] = [];
  const needs = new Map<string, readonly NeededValue[]>();
  const fuses = spec.stems['gate-up'] !== undefined && parts.some((part) => part.projection === 'gate');
  for (const part of parts) {
    const unfit = unfitness(part, spec, target);
    if (unfit) return refuse(part, unfit);
    if (fuses && part.projection === 'up') continue;
    const partner = parts.find((other) => other.projection === 'up' && other.part === part.part);
    const made = fuses && part.projection === 'gate' ? join(part, partner, group) : alone(part);
    if (typeof made === 'string') return refuse(part, made);
    const verdict = part.projection === 'gate' ? judgeValues(group, part.part, fuses, values) : null;
    if (verdict && 'why' in verdict) return refuse(part, verdict.why, `${group.prefix}: `);
    if (verdict && 'needs' in verdict) needs.set(part.part, verdict.needs);
    joined.push(made);
  }
  const lonely =
    fuses &&
    parts.find(
      (part) =>
        part.projection === 'up' && !parts.some((other) => other.projection === 'gate' && other.part === part.part),
    );
  if (lonely) return refuse(lonely, 'the gate projections have no such part');
  return needs.size > 0 ? unread(needs) : { parts: joined };
}

function unread(needs: ReadonlyMap<string, readonly NeededValue[]>): Refused {
  const message = `Whether gate's and up's ${[...needs.keys()].join(', ')} can be converted exactly depends on their values, which were not read.`;
  return { refusal: { tag: 'companion-unsupported', message, needs: [...needs.values()].flat() } };
}

function refuse({ projection, part }: LogicalPart, why: string, where = ''): Refused {
  return { refusal: { tag: 'companion-unsupported', message: `${where}${projection}_proj's ${part}: ${why}.` } };
}

function alone(part: LogicalPart): JoinedPart | string {
  const { projection, kind, dtype, dims } = part;
  return dims ? { projection, part: part.part, kind, dtype, dims } : 'it cannot be split';
}

/** Why a target has no place for a part, null when it has one. */
function unfitness({ part, kind, dims }: LogicalPart, spec: DialectSpec, target: TargetLayout): string | null {
  if (kind === 'opaque')
    return 'only the program that packed it (bitsandbytes, EXL3, HQQ) can take it apart; dequantise the model first';
  if (part === 'blocks' || (dims?.length ?? 0) > 2) return 'no loader reads MXFP4 blocks in this layout';
  if (!dims) return 'it mixes gate and up in a way that cannot be split';
  if (part === 'weight' || part === 'bias') return null;
  const { reads, refuses } = TARGET_ROWS[target];
  if (refuses !== null) return reads.includes(part) && kind === 'matrix' ? null : refuses;
  if (spec.orientation === 'in-out' || spec.fusion === 'interleaved') return `nothing says how ${target} stores it`;
  return null;
}

function join(gate: LogicalPart, up: LogicalPart | undefined, group: LayerGroup): JoinedPart | string {
  if (!up) return 'the up projections have no such part';
  if (gate.dtype !== up.dtype) return 'gate and up differ in dtype';
  if (!gate.dims || !up.dims) return 'it cannot be split';
  if (gate.dims.join() !== up.dims.join()) return 'gate and up differ in shape';
  const why = unjoinable(gate, group);
  if (why) return why;
  const [rows = 0, ...rest] = gate.dims;
  if (jointOfPart(group, gate.part) !== 'rows') return { ...gate, projection: 'gate-up', dims: gate.dims };
  return { projection: 'gate-up', part: gate.part, kind: gate.kind, dtype: gate.dtype, dims: [2 * rows, ...rest] };
}

/** Why gate's and up's part cannot stand one after the other, null when they can. */
function unjoinable({ part, kind, dims }: LogicalPart, group: LayerGroup): string | null {
  if (part === 'weight' || kind === 'outputs') return null;
  const joint = jointOfPart(group, part);
  if (joint === null) return 'no known format stores it for gate and up together';
  if (joint !== 'rows') return null;
  const [rows] = dims ?? [];
  if (rows === undefined || group.intermediate === null) return 'gate and up would need one value between them';
  if (fillsRows(group.intermediate / rows, rows, kind)) return null;
  if (kind === 'in-major') return `its words do not divide the intermediate size ${group.intermediate}`;
  return `its blocks do not divide the intermediate size ${group.intermediate}, so a block would span gate and up`;
}

/** A lone row may be a block that is larger than what it holds; then only the size that FP8 checkpoints use is known. */
const FP8_BLOCK = 128;

function fillsRows(outputs: number, rows: number, kind: PartKind): boolean {
  if (rows === 1) return outputs === FP8_BLOCK;
  return isBlock(outputs) || isThreeBit(outputs, kind);
}
