import type { Bucket, Kind } from './bucket.ts';
import { canonicalStem, type DialectSpec } from './dialects.ts';
import type { Context } from './resolve.ts';
import { isSharedByAll } from './sizes.ts';
import type { Defect, StoredProjection } from './types.ts';

/** Missing or surplus experts are named one by one up to this many; a truncated upload would name thousands. */
const LIMIT_NAMED = 8;

/** The number of experts of a bucket, with what keeps them from being exactly 0 … E − 1. */
export function countExperts(
  bucket: Bucket,
  spec: DialectSpec,
  gated: boolean,
  context: Context,
): { readonly experts: number | null; readonly defects: readonly Defect[] } {
  const missing = missingProjections(bucket, spec, gated);
  if (spec.family === 'per-expert') {
    const counted = countApart(bucket, context);
    return { experts: counted.experts, defects: [...missing, ...counted.defects] };
  }
  const experts = spec.family === 'flat' ? flatExperts(bucket, context) : firstDim(bucket);
  if (experts === null || experts === 0) return { experts: null, defects: [] };
  return { experts, defects: [...missing, ...stackedDefects(bucket, spec, experts, context)] };
}

function missingProjections(bucket: Bucket, spec: DialectSpec, gated: boolean): Defect[] {
  const stems = new Set([...bucket.kinds.values()].map((kind) => canonicalStem(kind.stem)));
  return Object.entries(spec.stems).flatMap(([name, stem]): Defect[] => {
    if (stems.has(stem) || (!gated && name !== 'down' && name !== 'up')) return [];
    const projection = name as StoredProjection;
    const message = `${bucket.prefix}: the ${projection} projections are missing.`;
    return [{ tag: 'expert-missing', message, projection }];
  });
}

/** Experts of matrices that hold all of them one below the other: what the config or the router says, where it divides the rows. */
function flatExperts(bucket: Bucket, { experts, routed }: Context): number | null {
  const rows = [...bucket.kinds.values()].filter((kind) => kind.part === 'weight').map((kind) => kind.shape[0] ?? 0);
  const fits = (count: number | null) => count !== null && count > 0 && rows.every((each) => each % count === 0);
  return fits(experts) ? experts : fits(routed) ? routed : (experts ?? routed);
}

function firstDim(bucket: Bucket): number | null {
  const [kind] = [...bucket.kinds.values()].filter((each) => each.part === 'weight');
  const [any] = bucket.kinds.values();
  return (kind ?? any)?.shape[0] ?? null;
}

function stackedDefects(bucket: Bucket, spec: DialectSpec, experts: number, context: Context): Defect[] {
  const defects: Defect[] = [];
  if (spec.family === 'flat') {
    for (const kind of bucket.kinds.values()) {
      const whole = (kind.shape[0] ?? 0) % experts === 0 || isSharedByAll(kind, spec, experts);
      if (!whole) defects.push(unequalCount(kind, experts));
    }
    return defects;
  }
  for (const kind of bucket.kinds.values()) {
    if (kind.shape[0] !== experts && !isSharedByAll(kind, spec, experts)) defects.push(unequalCount(kind, experts));
  }
  if (context.routed !== null && context.routed > experts && context.routed === (context.experts ?? context.routed)) {
    const says = context.experts === null ? '' : ` the config says ${context.experts} and`;
    const message = `This layer holds ${experts} experts,${says} its router has ${context.routed} rows.`;
    return [...defects, { tag: 'expert-missing', message, range: [experts, context.routed] }];
  }
  return [...defects, ...contradicted(experts, context)];
}

function contradicted(experts: number, { experts: says }: Context): Defect[] {
  if (says === null || says === experts) return [];
  return [{ tag: 'config-mismatch', message: `This layer has ${experts} experts, the config says ${says}.` }];
}

function unequalCount(kind: Kind, experts: number): Defect {
  const message = `${kind.template} is [${kind.shape.join(', ')}], which does not hold ${experts} experts.`;
  return { tag: 'expert-shape-unequal', message, tensor: kind.template };
}

function countApart(bucket: Bucket, context: Context): { experts: number; defects: Defect[] } {
  const kinds = [...bucket.kinds.values()];
  let highest = -1;
  for (const kind of kinds) for (const expert of kind.names.keys()) if (expert > highest) highest = expert;
  const found = highest + 1;
  const expected = expectedExperts(found, context);
  const extra = namesFrom(kinds, expected);
  return {
    experts: extra.length > 0 ? found : expected,
    defects: [
      ...missingExperts(bucket, kinds, expected),
      ...capped('expert-extra', extra),
      ...(expected === context.routed ? contradicted(expected, context) : []),
    ],
  };
}

/**
 * How many experts a layer ought to have.
 *
 * The router's rows where the experts agree with them, or where they are fewer than the config's number: such a layer was
 * pruned. Else the config's number, and without one the router's, else the highest number found.
 */
function expectedExperts(found: number, { experts, routed }: Context): number {
  if (routed === null) return experts ?? found;
  if (found === routed) return routed;
  if (experts === null) return Math.max(found, routed);
  return found < routed && routed < experts ? routed : experts;
}

/** Names the first that are missing and counts the rest: a name may claim expert 10^15. */
function missingExperts(bucket: Bucket, kinds: readonly Kind[], expected: number): Defect[] {
  if (isDense(kinds, expected)) return [];
  const defects: Defect[] = [];
  for (let expert = 0; expert < expected && defects.length < LIMIT_NAMED; expert += 1) {
    const absent = kinds.filter((kind) => !kind.names.has(expert));
    const messages =
      absent.length === kinds.length
        ? [`Expert ${expert} of ${bucket.prefix} is missing: its tensors are not there.`]
        : absent.map((kind) => `${kind.template.replace('{i}', String(expert))} is missing.`);
    for (const message of messages) defects.push({ tag: 'expert-missing', message, expert });
  }
  if (defects.length < LIMIT_NAMED) return defects;
  const tensors = kinds.reduce((sum, kind) => sum + expected - below(kind, expected), 0);
  return [...defects, { tag: 'expert-missing', message: `${tensors} tensors of experts are missing in all.` }];
}

function below(kind: Kind, expected: number): number {
  let count = 0;
  for (const expert of kind.names.keys()) if (expert < expected) count += 1;
  return count;
}

function isDense(kinds: readonly Kind[], expected: number): boolean {
  return kinds.every((kind) => {
    for (let expert = 0; expert < expected; expert += 1) if (!kind.names.has(expert)) return false;
    return true;
  });
}

function namesFrom(kinds: readonly Kind[], expected: number): { message: string; expert: number; tensor: string }[] {
  return kinds.flatMap((kind) =>
    [...kind.names]
      .filter(([expert]) => expert >= expected)
      .map(([expert, tensor]) => ({ message: `${tensor}: the config says ${expected} experts.`, expert, tensor })),
  );
}

function capped(tag: Defect['tag'], all: readonly { message: string; expert: number; tensor?: string }[]): Defect[] {
  const named = all.slice(0, LIMIT_NAMED).map((each): Defect => ({ tag, ...each }));
  if (all.length > LIMIT_NAMED) named.push({ tag, message: `And ${all.length - LIMIT_NAMED} more.` });
  return named;
}
