import type { DType } from '../../safetensors/dtype.ts';
import { type DialectSpec, dialectOf, orientationOf } from '../dialects.ts';
import { partKind } from '../parts.ts';
import { innerShape, isSharedByAll } from '../sizes.ts';
import type { ExpertMember, LayerGroup, Projection, StoredProjection } from '../types.ts';

/** Where gate or up is in a matrix that may hold both. */
export interface Band {
  readonly projection: Projection;
  /** `rows`: of all rows, those from `from` to before `to`; `columns` alike. As fractions of the matrix. */
  readonly along: 'rows' | 'columns';
  readonly from: number;
  readonly to: number;
  /** Every second row or column of the whole matrix, the first or the second of each pair; `from` and `to` are then 0 and 1. */
  readonly every: 'first' | 'second' | null;
}

/** One kind of tensor of a layer, as it is stored: a matrix an expert. */
export interface GlyphTensor {
  readonly template: string;
  readonly projection: StoredProjection;
  readonly part: string;
  readonly dtype: DType;
  /** The shape of one such tensor. */
  readonly shape: readonly number[];
  /** `apart`: a tensor an expert. `stacked`: one tensor, experts along dim 0. `flat`: one matrix, an expert's rows under the other's. `shared`: one value for all. */
  readonly stack: 'apart' | 'stacked' | 'flat' | 'shared';
  readonly experts: number;
  /** Of one expert's matrix as it is stored. A vector is one column; packed codes count in elements of the dtype. */
  readonly rows: number;
  readonly columns: number;
  /** What the rows are: a matrix whose rows are inputs is the transpose of what `torch.nn.Linear` keeps. */
  readonly rowsAre: 'outputs' | 'inputs' | 'unknown';
  readonly bands: readonly Band[];
}

/** The tensors of one layer's experts, each kind once. */
export interface Glyph {
  readonly experts: number;
  readonly weights: readonly GlyphTensor[];
  /** Biases, scales, zero points and the like. */
  readonly companions: readonly GlyphTensor[];
}

/** The parts that hold the numbers themselves. */
export const WEIGHTS: ReadonlySet<string> = new Set(['weight', 'weight_packed', 'blocks', 'qweight']);

/** True for the part of a projection that holds its numbers, not a bias or a companion of quantised weights. */
export function isWeightPart(part: string): boolean {
  return WEIGHTS.has(part);
}

/** A layer's experts as kinds of tensors; null for a layer without experts or of a layout that is not known. */
export function glyphOf(
  group: Pick<LayerGroup, 'layout' | 'experts' | 'members' | 'fusion' | 'orientation'>,
): Glyph | null {
  const spec = dialectOf(group.layout);
  if (!spec || group.experts === null || group.members.length === 0) return null;
  const { experts } = group;
  const parts = new Set(group.members.map(({ part }) => part));
  const all = group.members.map((member) => glyphTensor(member, spec, group, experts, parts));
  return {
    experts,
    weights: all.filter(({ part }) => isWeightPart(part)),
    companions: all.filter(({ part }) => !isWeightPart(part)),
  };
}

/** The tensors of a layer that hold all its experts, an expert's bytes after the other's. */
export function stackedTensors(group: LayerGroup): readonly GlyphTensor[] {
  const glyph = glyphOf(group);
  const all = glyph ? [...glyph.weights, ...glyph.companions] : [];
  return all.filter(({ stack }) => stack === 'stacked' || stack === 'flat');
}

function glyphTensor(
  member: ExpertMember,
  spec: DialectSpec,
  { fusion, orientation }: Pick<LayerGroup, 'fusion' | 'orientation'>,
  experts: number,
  parts: ReadonlySet<string>,
): GlyphTensor {
  const { template, projection, part, dtype, shape } = member;
  const inner = innerShape(member, spec, experts);
  const [rows = 1, ...rest] = inner;
  const columns = rest.reduce((product, dim) => product * dim, 1);
  const kind = partKind(part, parts);
  const turned = kind === 'in-major' || (inner.length >= 2 && orientationOf(spec, projection) === 'in-out');
  const known = orientation !== 'ambiguous' || inner.length < 2;
  return {
    template,
    projection,
    part,
    dtype,
    shape,
    stack: stackOf(member, spec, experts),
    experts,
    rows,
    columns,
    rowsAre: known ? (turned ? 'inputs' : 'outputs') : 'unknown',
    bands: bandsOf(projection, fusion, turned ? 'columns' : 'rows'),
  };
}

function stackOf(member: ExpertMember, spec: DialectSpec, experts: number): GlyphTensor['stack'] {
  if (spec.family === 'per-expert') return 'apart';
  if (isSharedByAll(member, spec, experts)) return 'shared';
  return spec.family === 'flat' ? 'flat' : 'stacked';
}

function bandsOf(projection: StoredProjection, fusion: LayerGroup['fusion'], along: Band['along']): readonly Band[] {
  if (projection !== 'gate-up') return [{ projection, along, from: 0, to: 1, every: null }];
  if (fusion === 'interleaved')
    return [
      { projection: 'gate', along, from: 0, to: 1, every: 'first' },
      { projection: 'up', along, from: 0, to: 1, every: 'second' },
    ];
  const order: readonly Projection[] = fusion === 'up-first' ? ['up', 'gate'] : ['gate', 'up'];
  return order.map((each, at) => ({ projection: each, along, from: at / 2, to: (at + 1) / 2, every: null }));
}
