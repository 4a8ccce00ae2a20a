import { plural } from '../units.ts';
import { type Bucket, compareText, type Kind, namesInOrder } from './bucket.ts';
import { countExperts } from './counts.ts';
import { canonicalStem, type DialectSpec } from './dialects.ts';
import { type Context, projectionOf, resolveDialect, type Unresolved } from './resolve.ts';
import { sizesOf } from './sizes.ts';
import type { Defect, ExpertMember, GroupKind, LayerGroup, StoredProjection } from './types.ts';

/** What of a layer belongs to its experts without being one. */
export interface Beside {
  readonly index: number | null;
  readonly kind: GroupKind;
  readonly router: readonly string[];
  readonly shared: readonly string[];
}

const ORDER: readonly StoredProjection[] = ['gate', 'up', 'gate-up', 'down'];

/** A layer's group from the expert tensors under one prefix. */
export function groupOf(bucket: Bucket, beside: Beside, context: Context): LayerGroup {
  const resolution = resolveDialect(bucket, context);
  if ('reason' in resolution) return unknownGroup(bucket, beside, resolution);
  const { spec, gated } = resolution;
  const counted = countExperts(bucket, spec, gated, context);
  if (counted.experts === null)
    return unknownGroup(bucket, beside, {
      reason: 'The number of experts is neither in the shapes nor in the config.',
    });
  const members = membersOf(bucket, spec);
  const sizes = sizesOf(members, spec, counted.experts);
  const defects = [
    ...bucket.defects,
    ...counted.defects,
    ...sizes.defects,
    ...sizeDefects(sizes, context),
    ...leftoverDefects(bucket),
  ];
  if (resolution.ambiguous) {
    const message =
      'The matrices are square, so their shapes do not show whether rows are inputs or outputs. If you know it, choose it in the view Convert. On the command line, use --assume out-in (rows are outputs) or --assume in-out (rows are inputs).';
    defects.push({ tag: 'orientation-ambiguous', message, ...(members[0] ? { tensor: members[0].template } : {}) });
  }
  return {
    prefix: bucket.prefix,
    index: beside.index,
    kind: beside.kind,
    layout: { family: spec.family, dialect: spec.dialect },
    reason: null,
    experts: counted.experts,
    orientation: resolution.ambiguous ? 'ambiguous' : spec.orientation,
    fusion: gated ? spec.fusion : 'none',
    intermediate: sizes.intermediate ?? context.known.intermediate ?? null,
    hidden: sizes.hidden ?? context.known.hidden ?? null,
    members,
    expertTensors: namesInOrder(bucket),
    router: beside.router,
    shared: beside.shared,
    defects,
  };
}

function unknownGroup(bucket: Bucket, beside: Beside, { reason, mixed, readings }: Unresolved): LayerGroup {
  const tag = readings ? 'layout-ambiguous' : mixed ? 'families-mixed' : 'layout-unknown';
  return {
    ...emptyGroup(bucket.prefix, beside),
    layout: { family: 'unknown', dialect: null },
    reason,
    expertTensors: namesInOrder(bucket),
    defects: [...bucket.defects, { tag, message: reason, ...(readings ? { readings } : {}) }],
  };
}

/** A layer where something speaks for experts that are not known here. */
export function hintedGroup(prefix: string, beside: Beside, reason: string): LayerGroup {
  return {
    ...emptyGroup(prefix, beside),
    layout: { family: 'unknown', dialect: null },
    reason,
    defects: [{ tag: 'layout-unknown', message: reason }],
  };
}

/** A group without experts: a dense layer's MLP. */
export function emptyGroup(prefix: string, beside: Beside): LayerGroup {
  return {
    prefix,
    index: beside.index,
    kind: beside.kind,
    layout: null,
    reason: null,
    experts: null,
    orientation: 'out-in',
    fusion: 'none',
    intermediate: null,
    hidden: null,
    members: [],
    expertTensors: [],
    router: beside.router,
    shared: beside.shared,
    defects: [],
  };
}

function membersOf(bucket: Bucket, spec: DialectSpec): ExpertMember[] {
  const members = [...bucket.kinds.values()].flatMap((kind): ExpertMember[] => {
    const projection = projectionOf(spec, kind);
    return projection ? [memberOf(kind, projection)] : [];
  });
  return members.sort(
    (a, b) =>
      ORDER.indexOf(a.projection) - ORDER.indexOf(b.projection) ||
      partOrder(a.part) - partOrder(b.part) ||
      compareText(a.part, b.part),
  );
}

function memberOf(kind: Kind, projection: StoredProjection): ExpertMember {
  return { projection, part: kind.part, template: kind.template, dtype: kind.dtype, shape: kind.shape };
}

function partOrder(part: string): number {
  return part === 'weight' ? 0 : part === 'bias' ? 1 : 2;
}

/** Leftovers of one group that are told one by one: each is a sentence in memory. */
const MOST_LEFTOVERS = 1000;

function leftoverDefects(bucket: Bucket): Defect[] {
  const names = [...bucket.leftovers, ...doubledKinds(bucket)];
  return names.slice(0, MOST_LEFTOVERS).map((tensor, at) => {
    const more = at + 1 === MOST_LEFTOVERS ? names.length - MOST_LEFTOVERS : 0;
    const rest = more === 0 ? '' : ` The same is true of ${plural(more, 'more tensor')}.`;
    const message = `${tensor} has the name prefix of the experts, but belongs to no layout.${rest}`;
    return { tag: 'expert-leftover', message, tensor };
  });
}

/** Tensors that say the same part of the same projection in another spelling. */
function doubledKinds(bucket: Bucket): string[] {
  const seen = new Set<string>();
  return [...bucket.kinds.values()].flatMap((kind) => {
    const key = `${canonicalStem(kind.stem)} ${kind.part}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [...kind.names.values()];
  });
}

/** The width of their inputs is held against the config over all layers: `widths.ts`. */
function sizeDefects({ intermediate }: { readonly intermediate: number | null }, { known }: Context): Defect[] {
  const says = known.intermediate;
  if (intermediate === null || says === undefined || intermediate === says) return [];
  const message = `The experts' intermediate size is ${intermediate}, the config says ${says}.`;
  return [{ tag: 'config-mismatch', message }];
}
