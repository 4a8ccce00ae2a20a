import type { Checkpoint } from '../checkpoint/types.ts';
import { nameLayers, stackNames, stackOf } from '../layouts/layer-names.ts';
import type { Defect, LayerGroup, MatrixView, Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import { quantConfig } from '../quantised/config.ts';
import { blockOf, isMxScaleType, isScaleType } from '../quantised/scale-blocks.ts';
import { type FloatType, type Fp8, fp8Of, isFloatType } from '../safetensors/dtype.ts';

/** How a matrix's numbers are stored. */
export type Storage =
  | { readonly kind: 'float'; readonly dtype: FloatType }
  | {
      readonly kind: 'fp8';
      readonly format: Fp8;
      readonly blockRows: number;
      readonly blockColumns: number;
    }
  | { readonly kind: 'mxfp4' };

/** One projection of one expert and where its numbers and scales lie. */
export interface ExpertMatrix {
  readonly prefix: string;
  readonly layer: number | null;
  readonly expert: number;
  readonly projection: Projection;
  readonly storage: Storage;
  readonly weight: MatrixView;
  /** Null where numbers represent themselves. */
  readonly scale: MatrixView | null;
}

/** What has no statistics, and why. */
export interface Unreadable {
  readonly prefix: string;
  readonly layer: number | null;
  /** Null for the whole layer. */
  readonly projection: Projection | null;
  readonly reason: string;
}

/** What has no statistics as sentences, one for all layers of a stack that have none for the same reason. */
export function unreadableWords(unreadable: readonly Unreadable[]): string[] {
  const named = unreadable.map(({ prefix, layer }) => ({ prefix, index: layer }));
  const names = stackNames(named);
  const alike = new Map<
    string,
    { readonly first: Unreadable; readonly groups: { prefix: string; index: number | null }[] }
  >();
  for (const [at, each] of unreadable.entries()) {
    const group = named[at] ?? { prefix: each.prefix, index: each.layer };
    const key = `${stackOf(group)} ${each.projection} ${each.reason.replaceAll(each.prefix, '{layer}')}`;
    const known = alike.get(key) ?? { first: each, groups: [] };
    known.groups.push(group);
    alike.set(key, known);
  }
  return Array.from(alike.values(), ({ first: { prefix, projection, reason }, groups }) => {
    const [first] = groups;
    const where = groups.length === 1 ? prefix : nameLayers(groups, (first && names.get(stackOf(first))) ?? null);
    return `${where}${projection ? ` ${projection}` : ''}: ${reason}`;
  });
}

const PROJECTIONS: readonly Projection[] = ['gate', 'up', 'down'];
/** Parts that hold an FP8 weight's scales, in this order. */
const SCALES = ['weight_scale_inv', 'weight_scale', 'scale'];

/** Defects after which one expert's matrix does not tell where another's lies. */
const UNEVEN: ReadonlySet<Defect['tag']> = new Set([
  'expert-shape-unequal',
  'expert-dtype-unequal',
  'expert-duplicate',
  'families-mixed',
]);

/** Every matrix of a group's experts that is there, expert by expert, and what cannot be read. */
export function matricesOf(
  group: LayerGroup,
  config: Checkpoint['config'],
): { readonly matrices: readonly ExpertMatrix[]; readonly unreadable: readonly Unreadable[] } {
  const of = { prefix: group.prefix, layer: group.index };
  if (group.experts === null || group.orientation === 'ambiguous') {
    const reason = group.reason ?? 'The matrices are square, so it is not known whether rows are inputs or outputs.';
    return { matrices: [], unreadable: [{ ...of, projection: null, reason }] };
  }
  const uneven = group.defects.find(({ tag }) => UNEVEN.has(tag));
  if (uneven) return { matrices: [], unreadable: [{ ...of, projection: null, reason: uneven.message }] };
  const sorts = PROJECTIONS.map((projection) => ({ projection, sort: sortOf(group, projection, config) }));
  const unreadable = sorts.flatMap(({ projection, sort }) =>
    typeof sort === 'string' ? [{ ...of, projection, reason: sort }] : [],
  );
  const matrices: ExpertMatrix[] = [];
  const there = new Set(group.expertTensors);
  for (let expert = 0; expert < group.experts; expert++) {
    for (const { projection, sort } of sorts) {
      if (sort === null || typeof sort === 'string') continue;
      const weight = matrixView(group, projection, expert, sort.part);
      const scale = sort.scale === null ? null : matrixView(group, projection, expert, sort.scale);
      const whole = weight && there.has(weight.tensor) && (scale === null || there.has(scale.tensor));
      if (whole) matrices.push({ ...of, expert, projection, storage: sort.storage, weight, scale });
    }
  }
  return { matrices, unreadable };
}

interface Sort {
  readonly storage: Storage;
  readonly part: string;
  readonly scale: string | null;
}

/** How all experts of a group store a projection; why it cannot be read; null when there is none. */
function sortOf(group: LayerGroup, projection: Projection, config: Checkpoint['config']): Sort | string | null {
  const blocks = matrixView(group, projection, 0, 'blocks');
  if (blocks) return mxfp4(group, projection);
  const weight = matrixView(group, projection, 0);
  if (!weight) {
    const stored = group.members.some((member) => [projection, 'gate-up'].includes(member.projection));
    return stored && !(projection === 'gate' && !hasGate(group))
      ? 'This program does not decode the format of its numbers.'
      : null;
  }
  if (isFloatType(weight.dtype)) {
    return { storage: { kind: 'float', dtype: weight.dtype }, part: 'weight', scale: null };
  }
  const format = fp8Of(weight.dtype);
  return format
    ? fp8(group, weight, { projection, format, config })
    : `Numbers stored as ${weight.dtype} are not decoded.`;
}

function hasGate(group: LayerGroup): boolean {
  return group.members.some(({ projection }) => projection === 'gate' || projection === 'gate-up');
}

function mxfp4(group: LayerGroup, projection: Projection): Sort | string {
  const scales = matrixView(group, projection, 0, 'scales');
  if (!scales || !isMxScaleType(scales.dtype)) return 'Its MXFP4 blocks have no e8m0 scales.';
  return { storage: { kind: 'mxfp4' }, part: 'blocks', scale: 'scales' };
}

function fp8(
  group: LayerGroup,
  weight: MatrixView,
  { projection, format, config }: { projection: Projection; format: Fp8; config: Checkpoint['config'] },
): Sort | string {
  const part = SCALES.find((name) => group.members.some((member) => member.part === name));
  if (part === undefined) {
    const whole = { blockRows: weight.rows, blockColumns: weight.columns };
    return { storage: { kind: 'fp8', format, ...whole }, part: 'weight', scale: null };
  }
  const scale = matrixView(group, projection, 0, part);
  if (!scale || !isScaleType(scale.dtype)) return 'Its scales cannot be read.';
  const asked = quantConfig(config).block ?? [];
  const blockRows = blockOf(weight.rows, scale.rows, asked[0]);
  const blockColumns = blockOf(weight.columns, scale.columns, asked[1]);
  if (blockRows === null || blockColumns === null) return 'Its scales do not say which numbers they belong to.';
  return { storage: { kind: 'fp8', format, blockRows, blockColumns }, part: 'weight', scale: part };
}
